// What the library does to a request before it goes out.
//
// Internal. Thread safety: pure functions.

#ifndef BITSD_CLIENT_REQUESTS_H_
#define BITSD_CLIENT_REQUESTS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "bitsd/client/impersonation.h"
#include "bitsd/client/logon_session.h"
#include "client/uuid.h"

namespace bits {

/// Sets the id under which the service recognizes a repeat.
template <typename Request>
absl::Status EnsureRequestId(Request& request) {
  if (!request.request_id().empty()) return absl::OkStatus();
  auto id = NewUuid();
  if (!id.ok()) return id.status();
  request.set_request_id(*std::move(id));
  return absl::OkStatus();
}

/// Nobody lends an identity by mistake: PERMISSION_DENIED unless `sid` is the expected one.
inline absl::Status CheckLender(const std::string& sid, const std::string& expected_sid) {
  if (sid == expected_sid) return absl::OkStatus();
  return absl::PermissionDeniedError("nothing was sent: the token of " + expected_sid +
                                     " was to be lent, but this certificate is that of " + sid);
}

/// Nobody hands credentials over by mistake: INVALID_ARGUMENT below level delegate, where the
/// service would refuse them.
inline absl::Status CheckDelegation(ImpersonationLevel level) {
  if (level == ImpersonationLevel::kDelegate) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "nothing was sent: credentials are delegated at impersonation level delegate alone");
}

/// INVALID_ARGUMENT unless `session` is one of `sid`: the service would refuse every call in it.
inline absl::Status CheckSession(const std::string& sid, const LogonSession& session) {
  if (session.sid() == sid) return absl::OkStatus();
  return absl::InvalidArgumentError("logon session " + session.id() + " is that of " +
                                    session.sid() + ", not of " + sid);
}

}  // namespace bits

#endif  // BITSD_CLIENT_REQUESTS_H_
