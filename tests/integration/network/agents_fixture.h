// Credential agents of a real broker, with a real KDC and an acceptor that says who their tokens
// are of.
//
// Needs root. Thread safety: one test at a time. Ownership: everything it started.

#ifndef BITSD_TESTS_INTEGRATION_NETWORK_AGENTS_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_NETWORK_AGENTS_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/identity/file_account_directory.h"
#include "server/network/agent_identities.h"
#include "tests/testing/broker_process.h"
#include "tests/testing/servers/gss_acceptor.h"
#include "tests/testing/servers/kdc.h"
#include "tests/testing/servers/tcp_proxy.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

/// Of bitsd: broker, server and agents.
inline constexpr uid_t kAgentUser = 61000;

inline const Sid kAliceSid(5, {21, 1, 2, 3, 1002});
inline const Sid kNetuserSid(5, {21, 1, 2, 3, 1004});

std::set<pid_t> ChildrenOf(pid_t parent);

class AgentsTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Starts broker and identities; KDCs are reached through proxy(). Add accounts before.
  void Start(network::AgentIdentities::Options options = {});

  /// The broker alone; before the program has threads.
  std::unique_ptr<BrokerProcess> StartBroker();

  /// The account of `sid` in the broker's directory.
  NetworkCredentials& CredentialsOf(const Sid& sid) { return accounts_[sid]; }
  /// A file of bitsd's own with the key of `principal`, which the account of `sid` then has.
  std::string GiveKeytab(const Sid& sid, const std::string& principal);
  NetworkIdentityPtr Identity(const Sid& sid) { return networks_->Of(sid, accounts_[sid]); }

  /// Lends `cache`; "ok" and the identity, or what refused it.
  absl::StatusOr<NetworkIdentities::Delegated> Lend(const Sid& sid, const std::string& cache);
  /// The bytes of a cache of `principal`.
  std::string CacheOf(const std::string& principal, const std::vector<std::string>& options = {});

  static absl::StatusOr<std::string> Token(const NetworkIdentityPtr& who,
                                           const std::string& host = "localhost");
  /// Whose `token` is, or why it is refused.
  std::string Accept(const std::string& token) const;
  /// Whose token it gets; or "BG_E_TOKEN_REQUIRED", the rule, or "unavailable".
  std::string Who(const NetworkIdentityPtr& who, const std::string& host = "localhost");

  /// The broker's directory has no account any more.
  void Withdraw() const { WriteFile(Withdrawn(), ""); }

  std::string OwnFile(const std::string& name) const { return own_ + "/" + name; }
  /// Gives a file to bitsd, mode 0600.
  void Own(const std::string& path) const;

  std::set<pid_t> Agents() const { return ChildrenOf(broker_->pid()); }
  Kdc& kdc() { return *kdc_; }
  TcpProxy& proxy() { return *proxy_; }
  BrokerClient& client() { return *client_; }

 private:
  std::string Withdrawn() const { return folder_.File("withdrawn"); }

  TempFolder folder_;
  std::string own_;
  std::map<Sid, NetworkCredentials> accounts_;
  std::unique_ptr<Kdc> kdc_;
  std::unique_ptr<TcpProxy> proxy_;
  std::unique_ptr<GssAcceptor> acceptor_;
  std::unique_ptr<BrokerProcess> broker_;
  std::unique_ptr<BrokerClient> client_;

 protected:
  std::optional<Timer> timer_;
  std::optional<network::AgentIdentities> networks_;
};

/// "ok", "BG_E_TOKEN_REQUIRED", the rule that refused, or "unavailable".
std::string WordFor(const absl::Status& status);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_NETWORK_AGENTS_FIXTURE_H_
