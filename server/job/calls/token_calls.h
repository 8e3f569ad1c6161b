// The calls of BitsTokenOptions.
//
// Thread safety: any thread. Ownership: what Deps names outlives it and the calls under way.

#ifndef BITSD_SERVER_JOB_CALLS_TOKEN_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_TOKEN_CALLS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/identity/account_directory.h"
#include "server/identity/network_identity.h"
#include "server/job/calls/handle_calls.h"
#include "server/job/calls/job_options.h"
#include "server/job/calls/loan_ends.h"
#include "server/job/service/caller.h"
#include "server/job/service/token_options.h"
#include "server/ops/audit.h"

namespace bitsd {

class TokenCalls : public TokenOptions {
 public:
  struct Deps {
    HandleCalls& handles;
    LoanEnds& ends;
    NetworkIdentities& network;
    const AccountDirectory& accounts;
    const Clock& clock;
    const LiveOptions& options;
    AuditLog& audit;
  };

  explicit TokenCalls(const Deps& deps) : deps_(deps) {}

  // TokenOptions.
  void SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                           std::function<void(absl::Status)> done) override;
  absl::StatusOr<uint32_t> GetHelperTokenFlags(const Caller& caller,
                                               std::string_view handle) override;
  void SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                      std::function<void(absl::StatusOr<absl::Time>)> done) override;
  void ClearHelperToken(const Caller& caller, std::string_view handle,
                        std::function<void(absl::Status)> done) override;
  absl::StatusOr<std::optional<Sid>> GetHelperTokenSid(const Caller& caller,
                                                       std::string_view handle) override;

 private:
  /// SetHelperToken, once what was delegated was taken.
  void Lend(const Caller& caller, const HandleCalls::Presented& presented, Loan loan,
            std::optional<DelegatedNetwork> delegated,
            std::function<void(absl::StatusOr<absl::Time>)> done);
  void LendDelegated(const Caller& caller, const HandleCalls::Presented& presented, Loan loan,
                     std::function<void(absl::StatusOr<absl::Time>)> done);
  absl::StatusOr<JobVersion> Lent(const JobVersion& newest, const HandleCalls::Presented& presented,
                                  const HelperTokenPtr& token) const;

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_TOKEN_CALLS_H_
