// Finds jobs for callers: every call begins with the access check that is made here.
//
// Thread safety: any thread, once the damaged jobs are known. Ownership: the table outlives it.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_FINDER_H_
#define BITSD_SERVER_JOB_CALLS_JOB_FINDER_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/job/calls/job_table.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_view.h"
#include "server/model/job_store.h"

namespace bitsd {

class JobFinder {
 public:
  explicit JobFinder(const JobTable& table) : table_(table) {}

  /// The job, after the access check.
  absl::StatusOr<JobPtr> Open(const Caller& caller, const JobId& id) const;
  /// The job, which is the caller's own.
  absl::StatusOr<JobPtr> OpenOwn(const Caller& caller, const JobId& id) const;
  /// Unfinished jobs of the caller, or every job that the caller may open.
  std::vector<JobPtr> Visible(const Caller& caller, bool all_users) const;

  /// A record of the store that cannot be read. Before the first call.
  void AddSetAside(SetAside found);
  /// How many of these the caller may know of.
  size_t SetAsideFor(const Caller& caller) const;

 private:
  /// Why there is no such job.
  absl::Status Missing(const Caller& caller, const JobId& id) const;

  const JobTable& table_;
  std::vector<SetAside> set_aside_;
  absl::flat_hash_map<JobId, size_t> set_aside_jobs_;  ///< Where each is among those.
};

/// `caller` may change what the job sends, and to whom.
absl::Status MaySteer(const Sid& caller, const JobVersion& job);

/// The job as the caller may see it.
JobView ViewFor(const Caller& caller, const Job& job);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_FINDER_H_
