// What a message of the TLS library says of a refused handshake.

#include "server/rpc/handshake_counters.h"

#include <utility>

#include "gtest/gtest.h"

namespace bitsd::rpc {
namespace {

TEST(HandshakeMessages, TellWhyAHandshakeWasRefused) {
  const std::pair<const char*, HandshakeRefusal> messages[] = {
      {"SSL_ERROR_SSL: error:0A0000C7:SSL routines::peer did not return a certificate",
       HandshakeRefusal::kNoCertificate},
      {"SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed",
       HandshakeRefusal::kVerificationFailed},
      {"SSL_ERROR_SSL: error:06880006:asn1 encoding routines::EVP lib",
       HandshakeRefusal::kVerificationFailed},
      {"SSL_ERROR_SSL: error:0200008A:rsa routines::invalid padding",
       HandshakeRefusal::kVerificationFailed},
      {"SSL_ERROR_SSL: error:0A00007B:SSL routines::bad signature",
       HandshakeRefusal::kVerificationFailed},
      {"SSL_ERROR_SSL: error:0A00009C:SSL routines::http request", HandshakeRefusal::kOther},
      {"SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number",
       HandshakeRefusal::kOther},
      {"SSL_ERROR_SSL", HandshakeRefusal::kOther},
      {"Handshake read failed", HandshakeRefusal::kAbandoned},
      {"", HandshakeRefusal::kAbandoned}};
  for (const auto& [message, refusal] : messages) {
    EXPECT_EQ(ClassifyHandshakeMessage(message), refusal) << message;
  }
}

}  // namespace
}  // namespace bitsd::rpc
