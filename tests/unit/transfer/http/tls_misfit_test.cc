// Which failed handshakes would fail again.

#include "server/transfer/http/tls_misfit.h"

#include "gtest/gtest.h"

namespace bitsd {
namespace {

TEST(TlsMisfitTest, WhatWouldFailAgainIsNamed) {
  const struct {
    const char* detail;
    const char* word;
  } rows[] = {
      {"OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number", "does not speak TLS"},
      {"error:0A00009C:SSL routines::http request", "does not speak TLS"},
      {"error:0A0000C6:SSL routines::packet length too long", "does not speak TLS"},
      {"error:0A000102:SSL routines::unsupported protocol", "no version of TLS"},
      {"error:0A00042E:SSL routines::tlsv1 alert protocol version", "no version of TLS"},
      {"error:0A0000C1:SSL routines::no shared cipher", "no cipher"},
      {"error:0A00018A:SSL routines::dh key too small", "no cipher"},
      {"error:0A00042F:SSL routines::tlsv1 alert insufficient security", "no cipher"},
      {"error:0A000152:SSL routines::unsafe legacy renegotiation disabled", "renegotiation"},
      {"error:0A000410:SSL routines::sslv3 alert handshake failure", "refuses the TLS handshake"},
      {"error:0A000458:SSL routines::tlsv1 unrecognized name", "does not know the host name"},
      {"error:0A000460:SSL routines::reason(1120)", "does not speak HTTP"}};
  for (const auto& row : rows) {
    EXPECT_NE(TlsMisfit(row.detail).find(row.word), std::string_view::npos) << row.detail;
  }
}

TEST(TlsMisfitTest, EverythingElseMayBeBetterNextTime) {
  for (const char* detail :
       {"", "error:", "error:0A00010B",
        "OpenSSL SSL_connect: Connection reset by peer in connection",
        "error:0A000126:SSL routines::unexpected eof while reading",
        "error:0A000438:SSL routines::tlsv1 alert internal error", "error:zzzz:x",
        "error:0200010B:system library::wrong", "error:FFFFFFFFFFFFFFFFFFFF:x"}) {
    const bool cut = std::string_view(detail) == "error:0A00010B";
    EXPECT_EQ(TlsMisfit(detail).empty(), !cut) << detail;
  }
}

}  // namespace
}  // namespace bitsd
