// The errors a call can answer: one named constructor each, and what a failed status carries.
//
// A status made here has the gRPC code of its HRESULT (hresult.h) and carries the HRESULT and the
// rule that refused as payloads; rpc/status.h turns them into google.rpc.ErrorInfo. No other file
// spells a code. Thread safety: pure functions.

#ifndef BITSD_SERVER_ERROR_ERRORS_H_
#define BITSD_SERVER_ERROR_ERRORS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/error/hresult.h"
#include "server/error/rules.h"

namespace bitsd {

/// What a failed status says besides its message.
struct ErrorDetail {
  Hresult hresult = Hresult::kOk;
  std::string rule;  ///< Empty when no rule refused.
};

/// The detail of a status made by this file. A status from elsewhere has hresult kOk.
ErrorDetail DetailOf(const absl::Status& status);

namespace error {

absl::Status InvalidArgument(std::string_view message);
absl::Status InvalidArgument(Rule rule, std::string_view message);
absl::Status StringTooLong(std::string_view message);
absl::Status UsernameTooLarge(std::string_view message);
absl::Status PasswordTooLarge(std::string_view message);
absl::Status InvalidAuthTarget(std::string_view message);
absl::Status InvalidAuthScheme(std::string_view message);
absl::Status ProxyListTooLarge(std::string_view message);
absl::Status ProxyBypassListTooLarge(std::string_view message);
absl::Status NoInterface(std::string_view message);
absl::Status NotImplemented(std::string_view message);
absl::Status NotFound(std::string_view message);
absl::Status AccessDenied(Rule rule, std::string_view message);
absl::Status FailedToImpersonate(std::string_view message);
absl::Status InvalidState(std::string_view message);
absl::Status StaleRevision(std::string_view message);
absl::Status JobSetAside(std::string_view message);
absl::Status Empty();
absl::Status TokenRequired(std::string_view message);
/// 0x80072F9A, of a job: no call answers with it.
absl::Status ClientCertificateConflict(std::string_view message);
absl::Status NotLoggedOn(std::string_view message);
absl::Status NotLoggedOn(Rule rule, std::string_view message);
absl::Status Disconnected(std::string_view message);
absl::Status LimitReached(std::string_view message);
absl::Status AnswersUnread(std::string_view message);
absl::Status InvalidProxyInfo(std::string_view message);
absl::Status TooManyJobsPerUser(std::string_view message);
absl::Status TooManyJobsPerMachine(std::string_view message);
absl::Status TooManyFilesInJob(std::string_view message);
absl::Status DiskFull(std::string_view message);
/// The store does not take changes for a reason other than a full disk.
absl::Status StoreUnavailable(std::string_view message);
/// The broker or a file system does not answer, or answers with an error of its device:
/// kUnavailable, try again later.
absl::Status Unavailable(std::string_view message);
/// bitsd ends, and ends a watch with it.
absl::Status ServiceStopping();
/// No acceptable identity. It has no HRESULT: the caller is nobody yet.
absl::Status Unauthenticated(std::string_view message);
absl::Status Unauthenticated(Rule rule, std::string_view message);

}  // namespace error
}  // namespace bitsd

#endif  // BITSD_SERVER_ERROR_ERRORS_H_
