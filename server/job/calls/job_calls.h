// Calls that create a job, read it, and change what it is and whether it runs.
//
// Thread safety: any thread. Ownership: what Deps names outlives it and the calls under way.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_JOB_CALLS_H_

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/job/calls/job_finder.h"
#include "server/job/calls/job_options.h"
#include "server/job/calls/job_table.h"
#include "server/job/calls/request_ledger.h"
#include "server/job/changes/job_changes.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_requests.h"
#include "server/job/service/job_service.h"
#include "server/ops/audit.h"

namespace bitsd {

class JobCalls {
 public:
  using JobDone = JobService::JobDone;
  struct Deps {
    JobEnvironment& environment;
    JobTable& table;
    const JobFinder& jobs;
    RequestLedger& ledger;
    const LiveOptions& options;
    AuditLog& audit;
  };

  explicit JobCalls(const Deps& deps) : deps_(deps) {}

  void CreateJob(const Caller& caller, NewJob job, JobDone done);
  absl::StatusOr<JobView> GetJob(const Caller& caller, const JobId& id);
  void UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done);
  void Suspend(const Caller& caller, const JobId& id, JobDone done);
  void Resume(const Caller& caller, const JobId& id, JobDone done);

 private:
  void Submit(const Caller& caller, const JobId& id, std::string_view event, JobChange change,
              JobDone done);
  /// Looks at the transferred files of a job that does not run, as who acts now.
  void LookForLost(const JobPtr& job, const std::function<void(change::LostFiles)>& done);

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_CALLS_H_
