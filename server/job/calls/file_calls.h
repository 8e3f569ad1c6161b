// AddFiles: checks names, looks at the folders as who would open them, then adds the files.
//
// Thread safety: any thread. Ownership: what Deps names outlives it and the calls under way.

#ifndef BITSD_SERVER_JOB_CALLS_FILE_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_FILE_CALLS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/job/calls/job_finder.h"
#include "server/job/calls/job_options.h"
#include "server/job/calls/request_ledger.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_requests.h"
#include "server/job/service/job_service.h"
#include "server/model/job_store.h"
#include "server/model/transfer_service.h"
#include "server/ops/audit.h"

namespace bitsd {

class FileCalls {
 public:
  using JobDone = JobService::JobDone;
  struct Deps {
    TransferService& transfers;
    const AccountDirectory& accounts;
    const Clock& clock;
    const JobFinder& jobs;
    RequestLedger& ledger;
    const LiveOptions& options;
    AuditLog& audit;
  };

  explicit FileCalls(const Deps& deps) : deps_(deps) {}

  void AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                const std::string& request_id, JobDone done);

 private:
  using NewFilesPtr = std::shared_ptr<const std::vector<NewFile>>;

  absl::Status CheckNames(const std::vector<NewFile>& files) const;
  size_t RoomFor(const Caller& caller) const;
  /// Once the request is known as new: looks at the folders as who would open them now, and again
  /// when that is another before it has ended; then adds the files.
  void CheckFiles(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                  const RequestRecord& request, const JobDone& done);
  void CheckFolders(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                    const RequestRecord& request, const JobDone& done);
  std::unique_ptr<Activity> StartCheck(const Job& job, const std::vector<NewFile>& files,
                                       const ActingIdentity& who, const policy::LoanLimits& loan,
                                       const std::function<void(absl::Status)>& done);
  void AddChecked(const Caller& caller, const JobPtr& job, std::vector<NewFile> files,
                  RequestRecord request, JobDone done);

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_FILE_CALLS_H_
