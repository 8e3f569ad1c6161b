// The removal of what an ended job leaves: its temporary files, each as whoever created it.
//
// It stops when whoever acts in it may not any more, and goes on with the rest as whoever still
// may. Thread safety: any thread. Ownership: what Deps names outlives it; a cleanup holds its job.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_CLEANUP_H_
#define BITSD_SERVER_JOB_CALLS_JOB_CLEANUP_H_

#include <atomic>
#include <memory>
#include <vector>

#include "server/error/hresult.h"
#include "server/identity/account_directory.h"
#include "server/job/calls/retention.h"
#include "server/job/job.h"
#include "server/model/transfer_service.h"
#include "server/session/helper_token.h"

namespace bitsd {

class JobCleanup {
 public:
  struct Deps {
    TransferService& transfers;
    const AccountDirectory& accounts;
    Retention& retention;
    const std::atomic<bool>& stopping;  ///< The service is going down: the next one removes it.
  };

  explicit JobCleanup(const Deps& deps) : deps_(deps) {}

  /// `token`: of a helper that may still be at hand; may be null. `done` gets `success`, or what
  /// the removal came to.
  void Run(const JobPtr& job, const HelperTokenPtr& token, Hresult success, Job::OutcomeDone done);

 private:
  struct Cleanup {
    JobRecordPtr record;
    HelperTokenPtr token;
    Hresult success = Hresult::kOk;
    std::vector<TemporaryFile> untried;
    std::vector<TemporaryFile> left;
    Job::OutcomeDone done;
  };

  void RemoveUntried(const JobPtr& job, const std::shared_ptr<Cleanup>& cleanup);
  static void End(const JobPtr& job, const Cleanup& cleanup);

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_CLEANUP_H_
