#include "server/transfer/common/failures.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/transfer/common/request_audit.h"

namespace bitsd {
namespace {

constexpr size_t kMaxDetail = 300;

TransferFailure FromStatus(ErrorContext context, const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  TransferFailure failure =
      MakeFailure(context, detail.hresult, false, std::string(status.message()));
  failure.error.rule = detail.rule;
  return failure;
}

}  // namespace

TransferFailure MakeFailure(ErrorContext context, Hresult hresult, bool transient,
                            std::string message) {
  TransferFailure failure;
  failure.error.context = context;
  failure.error.hresult = hresult;
  failure.error.message = std::move(message);
  failure.transient = transient;
  return failure;
}

TransferFailure LocalFailure(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable || DetailOf(status).hresult == Hresult::kOk) {
    return MakeFailure(ErrorContext::kLocalFile, Hresult::kDestinationLocked, true,
                       absl::StrCat("The destination's file system is not available: ",
                                    std::string(status.message())));
  }
  TransferFailure failure = FromStatus(ErrorContext::kLocalFile, status);
  // After a change of the account directory the broker may know it before this process, or after.
  failure.transient = failure.error.rule == RuleName(Rule::kUnknownIdentity);
  return failure;
}

TransferFailure WriteFailure(int error) {
  const std::string reason = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    return MakeFailure(ErrorContext::kLocalFile, Hresult::kDiskFull, false,
                       absl::StrCat("The file could not be written: ", reason,
                                    ". Make room, then resume the job."));
  }
  if (error == EFBIG) {
    return MakeFailure(ErrorContext::kLocalFile, Hresult::kTooLarge, false,
                       "The file is larger than the destination's file system allows.");
  }
  return MakeFailure(ErrorContext::kLocalFile, Hresult::kDestinationLocked, true,
                     absl::StrCat("The file could not be written: ", reason, "."));
}

TransferFailure DiskHangs() {
  return MakeFailure(
      ErrorContext::kLocalFile, Hresult::kDestinationLocked, true,
      "The destination's file system does not answer. The job goes on when it does.");
}

TransferFailure RemoteRefusal(const absl::Status& status) {
  const bool proxy = DetailOf(status).hresult == Hresult::kInvalidProxyInfo;
  return FromStatus(proxy ? ErrorContext::kGeneralTransport : ErrorContext::kRemoteFile, status);
}

TransferFailure ClosedEarly(std::string_view what) {
  return MakeFailure(ErrorContext::kGeneralTransport, Hresult::kConnectionClosed, true,
                     absl::StrCat("The connection ended early: ", Printable(what), "."));
}

void NameFile(TransferFailure& failure, std::string_view remote_name, std::string_view url) {
  JobError& error = failure.error;
  const bool remote = error.context == ErrorContext::kRemoteFile ||
                      error.context == ErrorContext::kGeneralTransport;
  if (!remote || !error.file_index) return;
  if (!error.message.ends_with('.')) error.message += '.';
  absl::StrAppend(&error.message, " File ", *error.file_index, ": ",
                  Printable(WithoutQuery(remote_name)));
  if (url != remote_name && !url.empty()) {
    absl::StrAppend(&error.message, ", which redirected to ", Printable(WithoutQuery(url)));
  }
  error.message += '.';
}

std::string Printable(std::string_view text) {
  std::string result(text.substr(0, kMaxDetail));
  for (char& c : result) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return result;
}

}  // namespace bitsd
