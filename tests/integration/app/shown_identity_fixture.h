// The real bitsd between real servers that ask who it is: a KDC, Apache and squid.
//
// Needs root. The servers run once for all tests of a program; names of files tell the tests apart
// in their logs. Thread safety: the test's thread. Ownership: bitsd, for each test its own.

#ifndef BITSD_TESTS_INTEGRATION_APP_SHOWN_IDENTITY_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_APP_SHOWN_IDENTITY_FIXTURE_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/testing/bitsd/bitsd_fixture.h"
#include "tests/testing/servers/apache.h"
#include "tests/testing/servers/kdc.h"
#include "tests/testing/servers/squid.h"
#include "tests/testing/servers/tls_files.h"

namespace bitsd::tests {

inline constexpr uint32_t kLocalFile = 1;
inline constexpr uint32_t kNetwork = 2;

/// The directory gives fetcher, alice, bob, netuser and admin the principal of their name; alice
/// also TEST\alice for NTLM; admin, filtered, lowadmin; mallory nothing, but she may lend tickets
/// of mallory and, as an administrator, of root/admin.
class ShownIdentityTest : public BitsdTest {
 protected:
  using Names = std::set<std::string>;

  struct Servers {
    Servers();

    const std::unique_ptr<Kdc> kdc;
    const TlsFiles tls;
    const std::unique_ptr<AuthServer> web;
    const std::unique_ptr<Squid> proxy;  ///< Wants Negotiate.
    TempFolder secrets;                  ///< bitsd's: keytabs and passwords.
  };
  static Servers& servers();
  static AuthServer& auth() { return *servers().web; }
  static Kdc& kdc() { return *servers().kdc; }

  void SetUp() override;
  BitsdOptions Options() override;

  /// Makes a file for the servers; its URL below `place`, such as "neg". Over TLS with `tls`.
  std::string Serve(const std::string& name, const std::string& place = "neg", bool tls = false,
                    size_t size = 1000);

  struct Plan {
    std::string owner = "fetcher";
    std::string helper{};  ///< Lends a token; empty: nobody.
    uint32_t flags = 0;
    std::string folder = "fetcher";  ///< Whose.
    bool proxy = false;
    bits::v1::JobPriority priority = bits::v1::JOB_PRIORITY_FOREGROUND;
  };
  /// A suspended job with implicit Negotiate for server and proxy.
  std::string Prepare(const bits::Client& owner, const Plan& plan);
  std::string Prepare(const Plan& plan) { return Prepare(As(plan.owner), plan); }
  void AddUrl(const bits::Client& owner, const std::string& job, const std::string& url,
              const std::string& path);
  /// Empty user: implicit ones.
  void Set(const bits::Client& owner, const std::string& job, bits::v1::AuthTarget target,
           bits::v1::AuthScheme scheme, const std::string& user = "",
           const std::string& password = "");
  /// Downloads `url` by a job of `plan` to its end; the file's path.
  std::string Download(const Plan& plan, const std::string& url);
  /// Runs `job` until it stops by an error; "BG_E_TOKEN_REQUIRED", "BG_E_.../rule".
  std::string ErrorOfRun(const bits::Client& owner, const std::string& job);

  /// Whom the server took its requests for file `name` from; "-" for nobody.
  Names ShownToServer(const std::string& name) const;
  /// Whether any request for `name` had an Authorization header.
  bool AnythingShown(const std::string& name) const;
  /// Whom squid took requests with `text` in their URL from, since the test began.
  Names ShownToProxy(const std::string& text) const;

  /// The bytes of a credential cache with tickets of `principal`.
  std::string TicketsOf(const std::string& principal, std::string* key = nullptr);
  /// A client of `name` at level delegate.
  bits::Client Delegating(const std::string& name);

  /// The first file of bitsd, its logs and its store, that has `text`; empty: none has.
  std::string FileWith(const std::string& text);

 private:
  size_t proxy_seen_ = 0;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_APP_SHOWN_IDENTITY_FIXTURE_H_
