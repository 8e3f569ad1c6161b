// Finished jobs: how long they can be read, and how they go.
//
// A job stays for the retention time, and no more of its owner's than there may be (FinishedJobs).
// Thread safety: any thread. Ownership: what Deps names outlives it.

#ifndef BITSD_SERVER_JOB_CALLS_RETENTION_H_
#define BITSD_SERVER_JOB_CALLS_RETENTION_H_

#include <functional>
#include <vector>

#include "absl/time/time.h"
#include "server/base/timer.h"
#include "server/job/calls/finished_jobs.h"
#include "server/job/calls/handle_table.h"
#include "server/job/calls/job_options.h"
#include "server/job/calls/job_table.h"
#include "server/job/job.h"
#include "server/job/watch_hub.h"

namespace bitsd {

class Retention {
 public:
  struct Deps {
    JobTable& table;
    HandleTable& handles;
    WatchHub& watchers;
    Timer& timer;
    const LiveOptions& options;
  };

  explicit Retention(const Deps& deps) : deps_(deps) {}

  /// Keeps a job that has just finished, if it has.
  void OnChanged(const JobPtr& job);
  /// Keeps a job that had finished before a restart for `time`.
  void OnRestored(const JobPtr& job, absl::Duration time);

  /// While files of a finished job are being removed it stays.
  void BeginCleanup(const Job& job) { finished_.BeginCleanup(job.owner(), job.id()); }
  void EndCleanup(const Job& job);

  std::vector<JobId> OfOwner(const Sid& owner) const { return finished_.OfOwner(owner); }

 private:
  /// `leaves`: see FinishedJobs.
  void Retain(const JobPtr& job, absl::Duration time, const std::function<bool()>& leaves);
  void Purge(const JobId& id);

  const Deps deps_;
  FinishedJobs finished_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_RETENTION_H_
