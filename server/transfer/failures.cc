#include "server/transfer/failures.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr size_t kMaxDetail = 300;

TransferFailure Make(ErrorContext context, Hresult hresult, bool transient, std::string message) {
  TransferFailure failure;
  failure.error.context = context;
  failure.error.hresult = hresult;
  failure.error.message = std::move(message);
  failure.transient = transient;
  return failure;
}

TransferFailure FromStatus(ErrorContext context, const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  TransferFailure failure = Make(context, detail.hresult, false, std::string(status.message()));
  failure.error.rule = detail.rule;
  return failure;
}

/// Parts of it may come from the server.
std::string Printable(std::string_view text) {
  std::string result(text.substr(0, kMaxDetail));
  for (char& c : result) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return result;
}

TransferFailure Transport(Hresult hresult, bool transient, std::string_view what,
                          const HttpEnd& end) {
  return Make(ErrorContext::kGeneralTransport, hresult, transient,
              absl::StrCat(std::string(what), ": ", Printable(end.detail), "."));
}

}  // namespace

TransferFailure LocalFailure(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable || DetailOf(status).hresult == Hresult::kOk) {
    return Make(ErrorContext::kLocalFile, Hresult::kDestinationLocked, true,
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
    return Make(ErrorContext::kLocalFile, Hresult::kDiskFull, false,
                absl::StrCat("The file could not be written: ", reason,
                             ". Make room, then resume the job."));
  }
  if (error == EFBIG) {
    return Make(ErrorContext::kLocalFile, Hresult::kTooLarge, false,
                "The file is larger than the destination's file system allows.");
  }
  return Make(ErrorContext::kLocalFile, Hresult::kDestinationLocked, true,
              absl::StrCat("The file could not be written: ", reason, "."));
}

TransferFailure DiskHangs() {
  return Make(ErrorContext::kLocalFile, Hresult::kDestinationLocked, true,
              "The destination's file system does not answer. The job goes on when it does.");
}

TransferFailure RemoteRefusal(const absl::Status& status) {
  return FromStatus(ErrorContext::kRemoteFile, status);
}

TransferFailure InvalidResponse(std::string_view what) {
  return Make(ErrorContext::kRemoteFile, Hresult::kInvalidServerResponse, false,
              absl::StrCat("The server's answer is not valid: ", Printable(what),
                           ". Check the server, then resume the job."));
}

TransferFailure ClosedEarly(std::string_view what) {
  return Make(ErrorContext::kGeneralTransport, Hresult::kConnectionClosed, true,
              absl::StrCat("The connection ended early: ", Printable(what), "."));
}

TransferFailure TransportFailure(const HttpEnd& end) {
  if (!end.denied.ok()) return RemoteRefusal(end.denied);
  if (end.head_too_large) return InvalidResponse("its head is too large");
  if (end.head_too_slow) {
    return Make(ErrorContext::kGeneralTransport, Hresult::kNoProgress, true,
                "The head of the server's answer took too long.");
  }
  switch (end.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Transport(Hresult::kConnectFailure, false,
                       "The server's certificate could not be verified", end);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return Transport(Hresult::kConnectFailure, true, "No connection to the server", end);
    case CURLE_OPERATION_TIMEDOUT:
      if (!end.connected) {
        return Transport(Hresult::kConnectFailure, true, "No connection to the server", end);
      }
      return Transport(Hresult::kNoProgress, true, "The server sent nothing for too long", end);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_URL_MALFORMAT: return InvalidResponse(end.detail);
    default: return ClosedEarly(end.detail);
  }
}

}  // namespace bitsd
