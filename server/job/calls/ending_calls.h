// Cancel and Complete: the two ends of a job.
//
// Thread safety: any thread. Ownership: what Deps names outlives it and the calls under way.

#ifndef BITSD_SERVER_JOB_CALLS_ENDING_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_ENDING_CALLS_H_

#include <atomic>
#include <vector>

#include "absl/status/status.h"
#include "server/base/timer.h"
#include "server/job/calls/job_cleanup.h"
#include "server/job/calls/job_finder.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/ops/audit.h"

namespace bitsd {

class EndingCalls {
 public:
  struct Deps {
    const JobFinder& jobs;
    JobCleanup& cleanup;
    AuditLog& audit;
    Timer& timer;
    const std::atomic<bool>& stopping;
  };

  explicit EndingCalls(const Deps& deps) : deps_(deps) {}

  void Cancel(const Caller& caller, const JobId& id, Job::OutcomeDone done);
  void Complete(const Caller& caller, const JobId& id, Job::OutcomeDone done);

 private:
  /// The store refused a Cancel that is in force: what it leaves is removed once the store has it.
  void FinishCancel(const JobPtr& job);
  void Publish(const Caller& caller, const JobPtr& job, Job::OutcomeDone done);
  void EndCompletion(const Caller& caller, const JobPtr& job, std::vector<PlacedFile> published,
                     const absl::Status& status, Job::OutcomeDone done);

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_ENDING_CALLS_H_
