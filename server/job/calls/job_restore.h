// The start: jobs, remembered requests and finished jobs come back from the store, and those that
// were under way go on.
//
// Thread safety: one thread, before the first call. Ownership: what Deps names outlives it.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_RESTORE_H_
#define BITSD_SERVER_JOB_CALLS_JOB_RESTORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/job/calls/job_cleanup.h"
#include "server/job/calls/job_finder.h"
#include "server/job/calls/job_options.h"
#include "server/job/calls/job_table.h"
#include "server/job/calls/request_ledger.h"
#include "server/job/calls/retention.h"
#include "server/job/job.h"
#include "server/model/job_store.h"
#include "server/ops/audit.h"

namespace bitsd {

class JobRestore {
 public:
  struct Deps {
    JobEnvironment& environment;
    JobTable& table;
    JobFinder& jobs;
    RequestLedger& ledger;
    Retention& retention;
    JobCleanup& cleanup;
    const LiveOptions& options;
    AuditLog& audit;
  };

  explicit JobRestore(const Deps& deps) : deps_(deps) {}

  /// See JobManager::Restore.
  absl::Status Run(const std::function<void(SessionRecord)>& session);

 private:
  void RestoreJob(JobRecordPtr record);
  void RestoreRequest(const RequestRecord& request);
  void RestoreSetAside(SetAside found);
  /// Once all were read.
  void Begin();

  const Deps deps_;
  uint64_t least_revision_ = 0;                          ///< Of what is shown from now on.
  std::vector<std::pair<absl::Time, JobPtr>> finished_;  ///< With the time of their end.
  std::vector<JobPtr> under_way_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_RESTORE_H_
