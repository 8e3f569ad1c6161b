// The refusals of the fake, as the service gives them.
//
// Internal. Thread safety: pure functions.

#ifndef BITSD_CLIENT_FAKE_ERRORS_H_
#define BITSD_CLIENT_FAKE_ERRORS_H_

#include <string>

#include "absl/status/status.h"
#include "bitsd/client/error.h"

namespace bits::fake {

inline constexpr uint32_t kTokenRequired = 0x80200056;

inline absl::Status Denied(const std::string& rule) {
  return MakeStatus(absl::StatusCode::kPermissionDenied, {0x80070005, "E_ACCESSDENIED", rule},
                    "the fake refuses: " + rule);
}

inline absl::Status InvalidArgument(const std::string& what) {
  return MakeStatus(absl::StatusCode::kInvalidArgument, {0x80070057, "E_INVALIDARG", ""}, what);
}

inline absl::Status NotFound() {
  return MakeStatus(absl::StatusCode::kNotFound, {0x80200001, "BG_E_NOT_FOUND", ""},
                    "there is no such job");
}

inline absl::Status Precondition(uint32_t hresult, const std::string& name,
                                 const std::string& message, const std::string& rule = "") {
  return MakeStatus(absl::StatusCode::kFailedPrecondition, {hresult, name, rule}, message);
}

inline absl::Status InvalidState(const std::string& message, const std::string& rule = "") {
  return Precondition(0x80200002, "BG_E_INVALID_STATE", message, rule);
}

inline absl::Status NotLoggedOn() {
  return Precondition(0x800704DD, "ERROR_NOT_LOGGED_ON", "the logon session has ended");
}

inline absl::Status Disconnected() {
  return Precondition(0x80010108, "RPC_E_DISCONNECTED", "the handle is dead or unknown");
}

inline absl::Status TokenRequired() {
  return Precondition(kTokenRequired, "BG_E_TOKEN_REQUIRED", "a flag is set and there is no token");
}

}  // namespace bits::fake

#endif  // BITSD_CLIENT_FAKE_ERRORS_H_
