// What tests of proxies, challenges and TLS share: a KDC, servers that ask, and jobs with network
// settings. The servers run once for all tests of a program.
//
// Thread safety: the test's thread.

#ifndef BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_NETWORK_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_NETWORK_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/transfer/http/real_identity.h"
#include "tests/integration/transfer/transfer_fixture.h"
#include "tests/testing/servers/apache.h"
#include "tests/testing/servers/asking_server.h"
#include "tests/testing/servers/kdc.h"
#include "tests/testing/servers/squid.h"
#include "tests/testing/servers/tls_files.h"

namespace bitsd::tests {

/// What runs while the program does.
struct Servers {
  Servers();

  const std::unique_ptr<Kdc> kdc;
  const TlsFiles tls;
  const TempFolder keys;  ///< Keytabs of identities.
  const std::unique_ptr<AuthServer> web;
  AskingServer asking;

  static Servers& Get();
};

class NetworkTest : public TransferTest {
 protected:
  void SetUp() override;

  static Servers& servers() { return Servers::Get(); }
  static AuthServer& web() { return *servers().web; }
  /// `name`@TEST.LOCAL, with real tickets.
  static std::shared_ptr<RealIdentity> Identity(const std::string& name,
                                                std::optional<NtlmLogin> login = {});

  void Allow(uint16_t port);
  /// Entries of the job's credentials.
  void Explicit(AuthTarget target, AuthScheme scheme, const std::string& user,
                const std::string& password);
  void Implicit(AuthTarget target, AuthScheme scheme);
  /// OVERRIDE with this list.
  void UseProxy(const std::string& list, const std::string& bypass = "");
  static policy::HostRule Rule(const std::string& text);

  /// Downloads one file; "content of f" when all is well, else its error as text:
  /// "BG_E_HTTP_ERROR_401/implicit_not_listed".
  std::string Fetch(const std::string& url);
  /// The message of the last failure.
  const std::string& message() const { return message_; }
  /// The requests that the server answered with 200 since the last call, once there are `count`:
  /// "user path".
  std::vector<std::string> Served(size_t count = 0);

  NetworkSettings settings_;

 private:
  std::string message_;
  size_t served_ = 0;
};

inline constexpr AuthTarget kServer = AuthTarget::kServer;
inline constexpr AuthTarget kProxy = AuthTarget::kProxy;
inline constexpr char kContent[] = "content of f";

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_NETWORK_FIXTURE_H_
