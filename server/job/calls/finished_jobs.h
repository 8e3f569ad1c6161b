// The finished jobs that can still be read: so many and so many bytes for each owner.
//
// Whoever has more loses the oldest of their own. A job whose files are still being removed stays
// until that has ended, so that what is left is noted; but of jobs that wait for a disk that hangs
// there are no more than as many again. Thread safety: any thread. Ownership: ids only.

#ifndef BITSD_SERVER_JOB_CALLS_FINISHED_JOBS_H_
#define BITSD_SERVER_JOB_CALLS_FINISHED_JOBS_H_

#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/identity/sid.h"
#include "server/model/job_id.h"
#include "server/policy/job_limits.h"

namespace bitsd {

class FinishedJobs {
 public:
  /// Adds a job, as long as `leaves`, which runs under the lock, says that it finished now. Returns
  /// those of the same owner that have to be purged for it.
  std::vector<JobId> Add(const Sid& owner, const JobId& id, size_t bytes,
                         const policy::KeptLimits& limits, const std::function<bool()>& leaves);

  /// The time of a job is over. True: purge it now.
  bool Expire(const Sid& owner, const JobId& id);

  /// Files of a job are being removed.
  void BeginCleanup(const Sid& owner, const JobId& id);
  /// That has ended. True: its time was over meanwhile, purge it now.
  bool EndCleanup(const Sid& owner, const JobId& id);

  std::vector<JobId> OfOwner(const Sid& owner) const;

 private:
  struct Entry {
    JobId id;
    size_t bytes = 0;
    int cleanups = 0;
    bool expired = false;
  };
  using Entries = std::list<Entry>;  ///< The oldest first.
  struct Owner {
    Entries entries;
    absl::flat_hash_map<JobId, Entries::iterator> by_id;
    size_t bytes = 0;
  };

  static bool IsOver(const Owner& owner, const policy::KeptLimits& limits, size_t times);
  static Entry* Find(Owner& owner, const JobId& id);
  static Entries::iterator Remove(Owner& owner, Entries::iterator entry);
  /// Removes the entry when nothing holds it any more.
  bool Settle(const Sid& sid, Owner& owner, const JobId& id);

  mutable std::mutex mutex_;
  absl::flat_hash_map<Sid, Owner> owners_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_FINISHED_JOBS_H_
