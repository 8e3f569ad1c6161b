// BitsTokenOptions, as the domain sees it: what holders of a handle do with a job's helper token.
//
// Thread safety: any thread. No call blocks: `done` is answered on any thread and possibly before
// the call returns, once the change is committed and, where it withdraws something, once nothing
// goes on under what was withdrawn. Ownership: as JobService.

#ifndef BITSD_SERVER_JOB_SERVICE_TOKEN_OPTIONS_H_
#define BITSD_SERVER_JOB_SERVICE_TOKEN_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/secret.h"
#include "server/identity/sid.h"
#include "server/job/service/caller.h"
#include "server/policy/token_scope.h"

namespace bitsd {

/// What a lender lends for, and until when at the latest.
struct Loan {
  policy::TokenScopePtr scope;  ///< Null: everything.
  absl::Time end = absl::InfiniteFuture();
  /// Network credentials that the lender sent with it; unset: those of the account directory.
  std::optional<Secret> delegated = std::nullopt;
};

class TokenOptions {
 public:
  virtual ~TokenOptions() = default;

  virtual void SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                                   std::function<void(absl::Status)> done) = 0;
  virtual absl::StatusOr<uint32_t> GetHelperTokenFlags(const Caller& caller,
                                                       std::string_view handle) = 0;
  /// `done` gets when the loan ends.
  virtual void SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                              std::function<void(absl::StatusOr<absl::Time>)> done) = 0;
  virtual void ClearHelperToken(const Caller& caller, std::string_view handle,
                                std::function<void(absl::Status)> done) = 0;
  virtual absl::StatusOr<std::optional<Sid>> GetHelperTokenSid(const Caller& caller,
                                                               std::string_view handle) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_TOKEN_OPTIONS_H_
