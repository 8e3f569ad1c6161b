// What the library does to a request before it goes out.
//
// Internal. Thread safety: pure functions.

#ifndef BITSD_CLIENT_CALLS_REQUESTS_H_
#define BITSD_CLIENT_CALLS_REQUESTS_H_

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/status.h"
#include "bitsd/client/impersonation.h"

namespace bits {

/// Sets the id under which the service recognizes a repeat, for methods that have one: those with
/// idempotency_level IDEMPOTENT.
absl::Status EnsureRequestId(google::protobuf::Message& request);

/// Overwrites what should not stay in freed memory.
void WipeSecrets(google::protobuf::Message& request);

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

}  // namespace bits

#endif  // BITSD_CLIENT_CALLS_REQUESTS_H_
