#include "server/transfer/http/http_failures.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/challenge_rules.h"
#include "server/policy/http_status.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/http/tls_misfit.h"

namespace bitsd {
namespace {

TransferFailure Transport(Hresult hresult, bool transient, std::string_view what,
                          const HttpEnd& end) {
  return MakeFailure(ErrorContext::kGeneralTransport, hresult, transient,
                     absl::StrCat(std::string(what), ": ", Printable(end.detail), "."));
}

/// An answer of the server or proxy, fatal.
TransferFailure HttpFailure(int status, std::string message) {
  TransferFailure failure =
      MakeFailure(ErrorContext::kRemoteFile, HttpHresult(status), false, std::move(message));
  failure.error.http_status = status;
  return failure;
}

/// Through a proxy, the proxy is who is connected to.
TransferFailure NoConnection(const HttpEnd& end) {
  std::string_view what = "No connection to the server";
  if (end.through_proxy) {
    what = end.code == CURLE_OPERATION_TIMEDOUT
               ? "No connection to the proxy, or through it to the server"
               : "No connection to the proxy";
  }
  return Transport(Hresult::kConnectFailure, true, what, end);
}

const char* Asker(int status) { return status == 407 ? "The proxy" : "The server"; }

/// The server asked for a client certificate, and never answered the request.
bool EndedAfterAsking(const HttpEnd& end) { return end.certificate_asked && !end.answered; }

/// And said why, by TLS: it got none that it takes.
bool WantsCertificate(const HttpEnd& end) {
  return EndedAfterAsking(end) && end.detail.find("alert ") != std::string::npos;
}

}  // namespace

TransferFailure Unanswered(int status, uint32_t offered, const absl::Status& why) {
  TransferFailure failure =
      HttpFailure(status, absl::StrCat(Asker(status), " asks who this is (HTTP ", status, ": ",
                                       policy::SchemeNames(offered),
                                       ") and gets no answer: ", std::string(why.message()), "."));
  failure.error.rule = DetailOf(why).rule;
  return failure;
}

absl::Status NotAProxy() {
  return error::AccessDenied(Rule::kCredentialsMissing,
                             "the server asks as a proxy does, and is none");
}

TransferFailure AnswerRefused(int status, AuthScheme scheme) {
  TransferFailure failure = HttpFailure(
      status, absl::StrCat(Asker(status), " does not take the credentials it was shown (",
                           policy::SchemeNames(policy::SchemeBit(scheme)), ") and answers HTTP ",
                           status, " again. Correct them, then resume the job."));
  failure.error.rule = RuleName(Rule::kCredentialsRefused);
  return failure;
}

TransferFailure NoAnswerNow(AuthTarget target, const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  const std::string message =
      absl::StrCat("No credentials for the ", target == AuthTarget::kServer ? "server" : "proxy",
                   ": ", Printable(std::string(status.message())));
  if (detail.hresult == Hresult::kTokenRequired) {
    return MakeFailure(ErrorContext::kGeneralQueueManager, Hresult::kTokenRequired, true, message);
  }
  const bool later = status.code() == absl::StatusCode::kUnavailable ||
                     status.code() == absl::StatusCode::kDeadlineExceeded;
  // The broker may know a changed account before this process does, or after.
  const bool unknown = detail.rule == RuleName(Rule::kUnknownIdentity);
  if (later || unknown) {
    TransferFailure failure =
        MakeFailure(ErrorContext::kGeneralTransport, Hresult::kConnectFailure, true, message);
    failure.error.rule = detail.rule;
    return failure;
  }
  TransferFailure failure = HttpFailure(target == AuthTarget::kServer ? 401 : 407, message);
  failure.error.rule =
      detail.rule.empty() ? RuleName(Rule::kIdentityHasNoCredentials) : detail.rule;
  return failure;
}

TransferFailure TunnelRefused(int status) {
  const bool known = status >= 100 && status <= 599;
  if (!known) return InvalidResponse("the proxy's status is none");
  // No proxy redirects a tunnel: it is a network that wants a login first, as 511 says.
  const bool login = status >= 300 && status <= 399;
  TransferFailure failure =
      HttpFailure(status, absl::StrCat("The proxy answered HTTP ", status, " to CONNECT",
                                       login ? ": perhaps the network wants a login." : "."));
  failure.transient =
      login || policy::ClassifyHttpStatus(status) == policy::HttpOutcome::kTransient;
  return failure;
}

TransferFailure TooManyRedirects(const absl::Status& refused, bool cookies_set) {
  TransferFailure failure = RemoteRefusal(refused);
  if (cookies_set) {
    absl::StrAppend(&failure.error.message,
                    "; it set cookies, and each host got its own back: it may want a login that a "
                    "browser would have");
  }
  return failure;
}

TransferFailure RedirectRefused(int status) {
  return HttpFailure(status, absl::StrCat("The server redirects (HTTP ", status,
                                          "), and the job's security flags follow none. Add the "
                                          "file with its final URL, or change the flags."));
}

TransferFailure InvalidResponse(std::string_view what) {
  return MakeFailure(ErrorContext::kRemoteFile, Hresult::kInvalidServerResponse, false,
                     absl::StrCat("The server's answer is not valid: ", Printable(what),
                                  ". Check the server, then resume the job."));
}

TransferFailure TransportFailure(const HttpEnd& end) {
  if (!end.denied.ok()) return RemoteRefusal(end.denied);
  const bool no_http =
      end.code == CURLE_UNSUPPORTED_PROTOCOL || end.code == CURLE_WEIRD_SERVER_REPLY;
  if (no_http && end.through_proxy && !end.connected) {
    return Transport(Hresult::kInvalidServerResponse, false,
                     "The proxy does not speak HTTP at this port: check the job's proxy list", end);
  }
  if (end.head_too_large) return InvalidResponse("its head is too large");
  if (end.head_too_slow) {
    return MakeFailure(ErrorContext::kGeneralTransport, Hresult::kNoProgress, true,
                       "The head of the server's answer took too long.");
  }
  if (WantsCertificate(end)) {
    return Transport(Hresult::kClientCertNeeded, false,
                     "The server wants a client certificate, and takes none that it was shown",
                     end);
  }
  const bool closed = end.code == CURLE_SSL_CONNECT_ERROR || end.code == CURLE_SEND_ERROR ||
                      end.code == CURLE_RECV_ERROR || end.code == CURLE_GOT_NOTHING;
  if (closed && EndedAfterAsking(end)) {
    // Its reason can be lost with the connection.
    return Transport(Hresult::kClientCertNeeded, true,
                     "The server asked for a client certificate and closed the connection", end);
  }
  switch (end.code) {
    case CURLE_SSL_CRL_BADFILE:
      return Transport(Hresult::kConnectFailure, false,
                       "The job wants revocation lists, and network.crls has none that is good",
                       end);
    case CURLE_SSL_CERTPROBLEM:
      return Transport(Hresult::kConnectFailure, false, "The client certificate cannot be used",
                       end);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Transport(Hresult::kConnectFailure, false,
                       "The server's certificate could not be verified", end);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return NoConnection(end);
    case CURLE_SSL_CONNECT_ERROR:
      if (const std::string_view misfit = TlsMisfit(end.detail); !misfit.empty()) {
        return Transport(Hresult::kConnectFailure, false, misfit, end);
      }
      return Transport(Hresult::kConnectFailure, true, "No TLS connection to the server", end);
    case CURLE_OPERATION_TIMEDOUT:
      if (!end.connected) return NoConnection(end);
      return Transport(Hresult::kNoProgress, true, "The server sent nothing for too long", end);
    case CURLE_UNSUPPORTED_PROTOCOL:
      return InvalidResponse(
          absl::StrCat("it is no HTTP, perhaps as its port is one for https (", end.detail, ")"));
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_BAD_FUNCTION_ARGUMENT:  // A head that begins with a folded line.
    case CURLE_URL_MALFORMAT: return InvalidResponse(end.detail);
    default:
      if (end.through_proxy && !end.connected) {
        return Transport(Hresult::kConnectionClosed, true, "The proxy ended the connection", end);
      }
      return ClosedEarly(end.detail);
  }
}

}  // namespace bitsd
