// The end of a loan: announced, run out, or taken away with what the token hung on.
//
// Thread safety: any thread. Ownership: what Deps names outlives it; tokens and jobs are known
// weakly.

#ifndef BITSD_SERVER_JOB_CALLS_LOAN_ENDS_H_
#define BITSD_SERVER_JOB_CALLS_LOAN_ENDS_H_

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/base/wait_group.h"
#include "server/identity/account_directory.h"
#include "server/job/calls/job_options.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/ops/audit.h"
#include "server/session/helper_token.h"
#include "server/session/presence.h"

namespace bitsd {

class LoanEnds {
 public:
  struct Deps {
    const AccountDirectory& accounts;
    Presence& presence;
    const Clock& clock;
    Timer& timer;
    const LiveOptions& options;
    AuditLog& audit;
    std::function<void(const JobPtr&)> changed;  ///< What a job shows is another.
  };

  explicit LoanEnds(Deps deps) : deps_(std::move(deps)) {}

  /// Attaches a new token to everything that it ends with, but for time.
  absl::Status Attach(const Caller& caller, const JobPtr& job, const HelperTokenPtr& token);
  /// Warns before the end of its time, and ends it then.
  void WatchExpiry(const JobPtr& job, const HelperTokenPtr& token);
  /// Whatever token the job has or is about to get.
  void DiscardAny(const JobPtr& job, std::string_view reason);

 private:
  void Discard(const std::weak_ptr<Job>& job, const std::weak_ptr<HelperToken>& token,
               std::string_view reason, const WaitGroupPtr& wait_group);
  void Warn(const JobPtr& job, const HelperTokenPtr& token);
  void Audit(const JobId& job, const Sid& helper, std::string_view reason) const;

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_LOAN_ENDS_H_
