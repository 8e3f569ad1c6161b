#include "server/transfer/http/tls_misfit.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <charconv>
#include <optional>

namespace bitsd {
namespace {

/// The reason in "error:0A00010B:SSL routines::wrong version number", if the TLS library gave it.
std::optional<int> ReasonIn(std::string_view detail) {
  constexpr std::string_view kMark = "error:";
  const size_t mark = detail.find(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const char* begin = detail.data() + mark + kMark.size();
  unsigned long error = 0;
  const auto read = std::from_chars(begin, detail.data() + detail.size(), error, 16);
  if (read.ec != std::errc() || ERR_GET_LIB(error) != ERR_LIB_SSL) return std::nullopt;
  return ERR_GET_REASON(error);
}

}  // namespace

std::string_view TlsMisfit(std::string_view detail) {
  switch (ReasonIn(detail).value_or(0)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "The server does not speak TLS at this port, and may speak http: check the scheme and "
             "the port of the URL";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_TLSV1_ALERT_INAPPROPRIATE_FALLBACK:
      return "The server has no version of TLS in common with bitsd, which takes 1.2 and newer";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_WRONG_CURVE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_WRONG_SIGNATURE_SIZE:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
      return "The server has no cipher, key size or signature in common with bitsd";
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
      return "The server wants a renegotiation of TLS that is not safe";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "The server refuses the TLS handshake: it may have no cipher in common with bitsd, or "
             "want a client certificate";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME: return "The server does not know the host name of the URL";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return "The server does not speak HTTP over TLS at this port";
    case SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER:
    case SSL_R_TLSV1_ALERT_DECODE_ERROR:
    case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
      return "The server does not understand this TLS handshake";
    default: return "";
  }
}

}  // namespace bitsd
