// Apache as a web server that asks who one is, and as a forward proxy that does.
//
// Thread safety: const methods from any thread. Ownership: server process and folder.

#ifndef BITSD_TESTS_TESTING_SERVERS_APACHE_H_
#define BITSD_TESTS_TESTING_SERVERS_APACHE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/testing/servers/kdc.h"
#include "tests/testing/servers/tls_files.h"
#include "tests/testing/servers/web_server.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

/// What the servers know: alice of Basic and Digest, TEST\alice and TEST\bob of NTLM.
inline constexpr char kBasicPassword[] = "basic-word";
inline constexpr char kDigestPassword[] = "digest-word";
inline constexpr char kAliceNtlm[] = "alice-ntlm-word";
inline constexpr char kBobNtlm[] = "bob-ntlm-word";

/// Serves its files below paths that ask in different ways:
///   /basic /digest /ntlm /neg   the scheme of that name
///   /sticky   Negotiate, and says that the connection stays authenticated
///   /weak     Negotiate or Basic
///   /never    Negotiate, and nobody's is good enough
///   /as-proxy asks as only a proxy does, by 407, for Basic
///   /to-other/HOST:PORT/PATH   redirects there
/// The same over TLS (HTTP/2 where asked for) at TlsUrl; MutualUrl demands a client certificate.
class AuthServer {
 public:
  static absl::StatusOr<std::unique_ptr<AuthServer>> Start(const Kdc& kdc, const TlsFiles& tls);

  const WebServer& web() const { return *web_; }
  std::string Url(const std::string& path) const { return AtPort(false, web_->port(), path); }
  std::string TlsUrl(const std::string& path) const { return AtPort(true, tls_port_, path); }
  std::string MutualUrl(const std::string& path) const { return AtPort(true, mutual_port_, path); }
  /// With the certificate that TlsFiles calls so.
  std::string UrlOf(const std::string& certificate, const std::string& path) const;
  /// Of 127.0.0.1.
  std::vector<uint16_t> Ports() const;
  /// "user path" of every request that was answered with `status`, in order.
  std::vector<std::string> Log(int status) const;

 private:
  AuthServer() = default;
  static std::string AtPort(bool tls, uint16_t port, const std::string& path);
  std::string Directives(const TlsFiles& tls) const;
  void WritePasswords() const;

  TempFolder folder_;
  uint16_t tls_port_ = 0;
  uint16_t mutual_port_ = 0;
  std::vector<std::pair<std::string, uint16_t>> odd_ports_;
  std::unique_ptr<WebServer> web_;
};

/// A forward proxy that wants Negotiate or NTLM for every request and CONNECT.
class AuthProxy {
 public:
  static absl::StatusOr<std::unique_ptr<AuthProxy>> Start(const Kdc& kdc);

  std::string Address() const { return "localhost:" + std::to_string(web_->port()); }
  uint16_t port() const { return web_->port(); }
  /// "user method url" of every request that was answered with `status`, without the query.
  std::vector<std::string> Log(int status) const;

 private:
  AuthProxy() = default;

  TempFolder folder_;
  std::unique_ptr<WebServer> web_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_APACHE_H_
