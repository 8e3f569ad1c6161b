// A stream of the changes of jobs, for one watcher.
//
// Thread safety: one thread calls Next at a time. Ownership: destroying a watch ends it.

#ifndef BITSD_SERVER_JOB_SERVICE_JOB_WATCH_H_
#define BITSD_SERVER_JOB_SERVICE_JOB_WATCH_H_

#include <optional>
#include <string>
#include <vector>

#include "server/job/service/job_view.h"
#include "server/model/job_id.h"

namespace bitsd {

struct WatchFilter {
  std::vector<JobId> jobs;  ///< Empty: every job the caller may open.
  bool all_users = false;
  std::string resume_token;  ///< Of an event of an earlier watch, or empty.
};

class JobWatch {
 public:
  enum class Kind {
    kSnapshot = 1,
    kSnapshotEnd = 2,
    kChanged = 3,
    kResumed = 4,     ///< The snapshot has only the jobs that changed since the resume token.
    kNotResumed = 5,  ///< The resume token cannot be gone on from: the snapshot is whole.
  };
  struct Event {
    Kind kind;
    std::optional<JobView> job;
    std::string resume_token;  ///< Everything up to this event was told. Empty within a snapshot.
  };
  virtual ~JobWatch() = default;

  /// The next event, or nothing: then `on_ready` runs when there is one again.
  virtual std::optional<Event> Next() = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_JOB_WATCH_H_
