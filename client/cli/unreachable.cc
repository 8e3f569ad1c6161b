#include "client/cli/unreachable.h"

#include <string_view>

#include "bitsd/client/error.h"

namespace bits::cli {
namespace {

struct Cause {
  std::string_view sign;  ///< What gRPC's text has; the first row that fits counts.
  std::string_view text;  ///< Behind "bitsd cannot be reached at ENDPOINT: ".
};

constexpr Cause kCauses[] = {
    {"Connection refused", "nothing listens there. Start bitsd, or give its --endpoint"},
    {"No such file or directory", "nothing listens there. Start bitsd, or give its --endpoint"},
    {"DNS resolution", "that host name has no address. Give the right --endpoint"},
    {"name resolver", "that is no HOST:PORT. Give the right --endpoint"},
    {"unreachable", "no way leads there. Give the right --endpoint, or look at the network"},
    {"CERTIFICATE_VERIFY_FAILED",
     "the certificate shown there does not come from --ca. Give bitsd's own roots with --ca"},
    {"Peer name", "the certificate shown there is for another name. Give the right --endpoint"},
    {"WRONG_VERSION_NUMBER", "what listens there does not speak TLS. Give the right --endpoint"},
    {"andshake",
     "the TLS handshake failed. Is bitsd there, and does it trust your certificate? Its audit log "
     "says why"},
    {"Socket closed",
     "the connection was closed. Does bitsd trust your certificate? Its audit log says why"},
    {"onnection reset",
     "the connection was closed. Does bitsd trust your certificate? Its audit log says why"},
};

std::string_view CauseOf(std::string_view text) {
  for (const Cause& cause : kCauses) {
    if (text.find(cause.sign) != text.npos) return cause.text;
  }
  return "is it running, and is --endpoint right?";
}

}  // namespace

absl::Status ExplainUnreachable(const absl::Status& status, const std::string& endpoint) {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  // bitsd's own answers have a reason.
  if (!ErrorOf(status).reason.empty()) return status;
  const std::string text(status.message());
  const std::string first =
      absl::IsUnavailable(status)
          ? "bitsd cannot be reached at " + endpoint + ": " + std::string(CauseOf(text))
          : "bitsd at " + endpoint +
                " did not answer in time. Is --endpoint right? A longer --timeout may help";
  absl::Status explained(status.code(), first + "\n  gRPC says: " + text);
  status.ForEachPayload([&explained](absl::string_view url, const absl::Cord& payload) {
    explained.SetPayload(url, payload);
  });
  return explained;
}

}  // namespace bits::cli
