#include "tests/integration/network/agents_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <utility>

#include "server/error/errors.h"
#include "server/network/agent_process.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

std::string ParentOf(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:\t")) return line.substr(6);
  }
  return "";
}

}  // namespace

std::string WordFor(const absl::Status& status) {
  if (status.ok()) return "ok";
  const ErrorDetail detail = DetailOf(status);
  if (!detail.rule.empty()) return detail.rule;
  if (detail.hresult == Hresult::kOk || absl::IsUnavailable(status)) return "unavailable";
  return HresultName(static_cast<uint32_t>(detail.hresult));
}

void AgentsTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: agents are another user's";
  absl::StatusOr<std::unique_ptr<Kdc>> kdc = Kdc::Start();
  ASSERT_TRUE(kdc.ok()) << kdc.status();
  kdc_ = *std::move(kdc);
  own_ = folder_.MakeFolder("own", kAgentUser, kAgentUser, 0700);
  const std::string keytab = folder_.File("http.keytab");
  ASSERT_TRUE(kdc_->WriteKeytab("HTTP/localhost", keytab).ok());
  auto acceptor = GssAcceptor::Create(keytab, folder_.File("replays"));
  ASSERT_TRUE(acceptor.ok()) << acceptor.status();
  acceptor_ = *std::move(acceptor);
}

std::unique_ptr<BrokerProcess> AgentsTest::StartBroker() {
  ::setenv("KRB5_CONFIG", kdc_->config().c_str(), 1);
  // A name that must not be used.
  ::setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
  FileAccountDirectory::Accounts accounts;
  for (const auto& [sid, credentials] : accounts_) {
    Account account;
    account.sid = sid;
    account.network = credentials;
    accounts[sid] = std::make_shared<const Account>(account);
  }
  auto directory = std::make_shared<const FileAccountDirectory>(std::move(accounts));
  BrokerOptions options;
  options.load = [directory, withdrawn = Withdrawn()](uid_t) {
    const auto nobody =
        std::make_shared<const FileAccountDirectory>(FileAccountDirectory::Accounts());
    return BrokerFiles{::access(withdrawn.c_str(), F_OK) == 0 ? nobody : directory, {}};
  };
  options.watched_files = {Withdrawn()};
  options.run_agent = network::RunAgent;
  return std::make_unique<BrokerProcess>(options, kAgentUser);
}

void AgentsTest::Start(network::AgentIdentities::Options options) {
  broker_ = StartBroker();
  auto client = broker_->Connect(absl::Seconds(10));
  ASSERT_TRUE(client.ok()) << client.status();
  client_ = *std::move(client);
  // From here on there are threads. Agents read the configuration when they start.
  proxy_ = std::make_unique<TcpProxy>(kdc_->port());
  kdc_->LeadThrough(proxy_->address());
  timer_.emplace();
  networks_.emplace(
      [this](const auto& who, Deadline deadline) { return client_->OpenAgent(who, deadline); },
      *timer_, options);
}

void AgentsTest::TearDown() {
  if (timer_) timer_->Stop();
  networks_.reset();
  client_.reset();
  broker_.reset();
}

void AgentsTest::Own(const std::string& path) const {
  GiveTo(path, kAgentUser, kAgentUser);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
}

std::string AgentsTest::GiveKeytab(const Sid& sid, const std::string& principal) {
  const std::string path = OwnFile(principal + ".keytab");
  const absl::Status written = kdc_->WriteKeytab(principal, path);
  EXPECT_TRUE(written.ok()) << written;
  Own(path);
  accounts_[sid].kerberos = {principal + "@" + kRealm, path, ""};
  return path;
}

std::string AgentsTest::CacheOf(const std::string& principal,
                                const std::vector<std::string>& options) {
  const std::string path = folder_.File("delegated.cc");
  const absl::Status written = kdc_->WriteCache(principal, path, options);
  EXPECT_TRUE(written.ok()) << written;
  std::string bytes = ReadFile(path);
  ::unlink(path.c_str());
  return bytes;
}

absl::StatusOr<NetworkIdentities::Delegated> AgentsTest::Lend(const Sid& sid,
                                                              const std::string& cache) {
  std::promise<absl::StatusOr<NetworkIdentities::Delegated>> taken;
  networks_->Take(sid, Secret(cache), [&](auto result) { taken.set_value(std::move(result)); });
  return taken.get_future().get();
}

absl::StatusOr<std::string> AgentsTest::Token(const NetworkIdentityPtr& who,
                                              const std::string& host) {
  std::promise<absl::StatusOr<std::string>> token;
  who->Negotiate(host, [&](auto result) { token.set_value(std::move(result)); });
  return token.get_future().get();
}

std::string AgentsTest::Who(const NetworkIdentityPtr& who, const std::string& host) {
  const absl::StatusOr<std::string> token = Token(who, host);
  return token.ok() ? Accept(*token) : WordFor(token.status());
}

std::string AgentsTest::Accept(const std::string& token) const {
  const absl::StatusOr<std::string> name = acceptor_->Accept(token);
  return name.ok() ? *name : std::string(name.status().message());
}

std::set<pid_t> ChildrenOf(pid_t parent) {
  std::set<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && ParentOf(pid) == std::to_string(parent)) children.insert(pid);
  }
  return children;
}

}  // namespace bitsd::tests
