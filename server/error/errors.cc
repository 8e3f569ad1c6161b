#include "server/error/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace bitsd {
namespace {

constexpr char kHresultUrl[] = "bits.v1/hresult";
constexpr char kRuleUrl[] = "bits.v1/rule";

absl::Status Make(Hresult hresult, std::string_view message) {
  const HresultInfo* row = FindHresult(static_cast<uint32_t>(hresult));
  absl::Status status(row->code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kHresultUrl, absl::Cord(absl::StrCat(static_cast<uint32_t>(hresult))));
  return status;
}

void SetRule(absl::Status& status, Rule rule) {
  const std::string_view name = RuleName(rule);
  status.SetPayload(kRuleUrl, absl::Cord(absl::string_view(name.data(), name.size())));
}

absl::Status Make(Hresult hresult, Rule rule, std::string_view message) {
  absl::Status status = Make(hresult, message);
  SetRule(status, rule);
  return status;
}

}  // namespace

ErrorDetail DetailOf(const absl::Status& status) {
  ErrorDetail detail;
  if (auto payload = status.GetPayload(kHresultUrl)) {
    uint32_t value = 0;
    if (absl::SimpleAtoi(std::string(*payload), &value)) detail.hresult = Hresult{value};
  }
  if (auto payload = status.GetPayload(kRuleUrl)) detail.rule = std::string(*payload);
  return detail;
}

namespace error {

absl::Status InvalidArgument(std::string_view message) {
  return Make(Hresult::kInvalidArgument, message);
}
absl::Status InvalidArgument(Rule rule, std::string_view message) {
  return Make(Hresult::kInvalidArgument, rule, message);
}
absl::Status StringTooLong(std::string_view message) {
  return Make(Hresult::kStringTooLong, message);
}
absl::Status UsernameTooLarge(std::string_view message) {
  return Make(Hresult::kUsernameTooLarge, message);
}
absl::Status PasswordTooLarge(std::string_view message) {
  return Make(Hresult::kPasswordTooLarge, message);
}
absl::Status InvalidAuthTarget(std::string_view message) {
  return Make(Hresult::kInvalidAuthTarget, message);
}
absl::Status InvalidAuthScheme(std::string_view message) {
  return Make(Hresult::kInvalidAuthScheme, message);
}
absl::Status ProxyListTooLarge(std::string_view message) {
  return Make(Hresult::kProxyListTooLarge, message);
}
absl::Status ProxyBypassListTooLarge(std::string_view message) {
  return Make(Hresult::kProxyBypassListTooLarge, message);
}
absl::Status NoInterface(std::string_view message) { return Make(Hresult::kNoInterface, message); }
absl::Status NotImplemented(std::string_view message) {
  return Make(Hresult::kNotImplemented, message);
}
absl::Status NotFound(std::string_view message) { return Make(Hresult::kNotFound, message); }
absl::Status AccessDenied(Rule rule, std::string_view message) {
  return Make(Hresult::kAccessDenied, rule, message);
}
absl::Status FailedToImpersonate(std::string_view message) {
  return Make(Hresult::kFailedToImpersonate, Rule::kImpersonationLevel, message);
}
absl::Status InvalidState(std::string_view message) {
  return Make(Hresult::kInvalidState, message);
}
absl::Status StaleRevision(std::string_view message) {
  return Make(Hresult::kInvalidState, Rule::kStaleRevision, message);
}
absl::Status JobSetAside(std::string_view message) {
  return Make(Hresult::kInvalidState, Rule::kJobSetAside, message);
}
absl::Status Empty() {
  return Make(Hresult::kEmpty, FindHresult(static_cast<uint32_t>(Hresult::kEmpty))->message);
}
absl::Status TokenRequired(std::string_view message) {
  return Make(Hresult::kTokenRequired, message);
}
absl::Status ClientCertificateConflict(std::string_view message) {
  return Make(Hresult::kClientCertNoAccessPrivateKey, message);
}
absl::Status NotLoggedOn(std::string_view message) { return Make(Hresult::kNotLoggedOn, message); }
absl::Status NotLoggedOn(Rule rule, std::string_view message) {
  return Make(Hresult::kNotLoggedOn, rule, message);
}
absl::Status Disconnected(std::string_view message) {
  return Make(Hresult::kDisconnected, message);
}
absl::Status LimitReached(std::string_view message) { return Make(Hresult::kOutOfMemory, message); }
absl::Status AnswersUnread(std::string_view message) {
  return Make(Hresult::kOutOfMemory, Rule::kAnswersUnread, message);
}
absl::Status InvalidProxyInfo(std::string_view message) {
  return Make(Hresult::kInvalidProxyInfo, message);
}
absl::Status TooManyJobsPerUser(std::string_view message) {
  return Make(Hresult::kTooManyJobsPerUser, message);
}
absl::Status TooManyJobsPerMachine(std::string_view message) {
  return Make(Hresult::kTooManyJobsPerMachine, message);
}
absl::Status TooManyFilesInJob(std::string_view message) {
  return Make(Hresult::kTooManyFilesInJob, message);
}
absl::Status DiskFull(std::string_view message) { return Make(Hresult::kDiskFull, message); }
absl::Status StoreUnavailable(std::string_view message) {
  return Make(Hresult::kOutOfMemory, message);
}
absl::Status Unavailable(std::string_view message) { return Make(Hresult::kNotReady, message); }
absl::Status ServiceStopping() {
  absl::Status status = absl::UnavailableError("bitsd is stopping: watch again when it is back");
  SetRule(status, Rule::kServiceStopping);
  return status;
}
absl::Status Unauthenticated(std::string_view message) {
  return absl::UnauthenticatedError(absl::string_view(message.data(), message.size()));
}
absl::Status Unauthenticated(Rule rule, std::string_view message) {
  absl::Status status = Unauthenticated(message);
  SetRule(status, rule);
  return status;
}

}  // namespace error
}  // namespace bitsd
