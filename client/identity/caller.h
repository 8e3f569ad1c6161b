// Who a call goes out as: an identity and the metadata that describes its token.
//
// Internal. Thread safety: a Caller never changes once it is made. Ownership: shared by the tokens,
// scopes, calls and streams that use it.

#ifndef BITSD_CLIENT_IDENTITY_CALLER_H_
#define BITSD_CLIENT_IDENTITY_CALLER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bitsd/client/identity.h"
#include "bitsd/client/impersonation.h"

namespace bits {

struct Caller {
  Identity identity;
  std::string sid;
  ImpersonationOptions options;

  /// What is wrong with the certificate now (Identity::Check). A caller of a test has none.
  absl::Status Check() const;
};

/// The `bits-` metadata of a call.
std::vector<std::pair<std::string, std::string>> MetadataOf(const ImpersonationOptions& options);

/// FAILED_PRECONDITION names what is wrong with the identity; INVALID_ARGUMENT a session id that
/// cannot be one.
absl::StatusOr<std::shared_ptr<const Caller>> MakeCaller(Identity identity,
                                                         ImpersonationOptions options);

/// Somebody whose certificate no service sees: for transports of tests. INVALID_ARGUMENT as above.
absl::StatusOr<std::shared_ptr<const Caller>> MakeTestCaller(std::string sid,
                                                             ImpersonationOptions options);

/// INVALID_ARGUMENT unless `session` is one of `sid`: the service would refuse every call in it.
absl::Status CheckSession(const std::string& sid, const LogonSession& session);

/// The same identity in the logon session `session_id`; empty: its default one.
std::shared_ptr<const Caller> InSession(const Caller& caller, std::string session_id);

/// Whom the innermost ScopedImpersonation of this thread stands for; null without one.
std::shared_ptr<const Caller> ThreadCaller();

/// Between a token and what it holds.
struct TokenAccess {
  static std::shared_ptr<const Caller> CallerOf(const ImpersonationToken& token);
  static ImpersonationToken TokenOf(std::shared_ptr<const Caller> caller);
};

}  // namespace bits

#endif  // BITSD_CLIENT_IDENTITY_CALLER_H_
