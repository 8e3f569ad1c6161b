// What credential agents answer, by a real KDC and a real acceptor.

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <thread>

#include "server/error/errors.h"
#include "tests/integration/network/agents_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using std::chrono::milliseconds;

std::string StatusField(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return line.substr(line.find('\t') + 1);
  }
  return "";
}

network::AgentIdentities::Options QuickDeadline() {
  network::AgentIdentities::Options options;
  options.limits.deadline = milliseconds(1500);
  return options;
}

TEST_F(AgentsTest, TwoIdentitiesAtOnceAreEachThemselves) {
  GiveKeytab(kAliceSid, "alice");
  GiveKeytab(kNetuserSid, "netuser");
  Start();
  const auto alice = Identity(kAliceSid);
  const auto netuser = Identity(kNetuserSid);
  std::vector<std::string> tokens[2];
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) tokens[1].push_back(Token(netuser).value_or("none"));
  });
  for (int i = 0; i < 100; ++i) tokens[0].push_back(Token(alice).value_or("none"));
  other.join();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Accept(tokens[0][i]), "alice@TEST.LOCAL");
    EXPECT_EQ(Accept(tokens[1][i]), "netuser@TEST.LOCAL");
  }
  EXPECT_EQ(Agents().size(), 2u);
}

TEST_F(AgentsTest, ATokenIsGoodOnce) {
  GiveKeytab(kAliceSid, "alice");
  Start();
  const auto token = Token(Identity(kAliceSid));
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(Accept(*token), "alice@TEST.LOCAL");
  EXPECT_NE(Accept(*token), "alice@TEST.LOCAL");
}

TEST_F(AgentsTest, ManyTokensAskTheKdcTwice) {
  GiveKeytab(kAliceSid, "alice");
  Start();
  const auto alice = Identity(kAliceSid);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Who(alice), "alice@TEST.LOCAL");
  // One for the ticket-granting ticket (twice: the first time the KDC wants to know the key), one
  // for the service.
  EXPECT_LE(proxy().accepted(), 3);
}

TEST_F(AgentsTest, AnAgentIsHardenedAndHasNothingButItsChannel) {
  GiveKeytab(kAliceSid, "alice");
  Start();
  ASSERT_EQ(Who(Identity(kAliceSid)), "alice@TEST.LOCAL");
  ASSERT_EQ(Agents().size(), 1u);
  const pid_t agent = *Agents().begin();
  EXPECT_EQ(StatusField(agent, "Uid"), "61000\t61000\t61000\t61000");
  for (const char* set : {"CapEff", "CapPrm", "CapInh", "CapAmb"}) {
    EXPECT_EQ(StatusField(agent, set), "0000000000000000") << set;
  }
  EXPECT_EQ(StatusField(agent, "NoNewPrivs"), "1");
  struct stat proc;
  ASSERT_EQ(::stat(("/proc/" + std::to_string(agent) + "/environ").c_str(), &proc), 0);
  EXPECT_EQ(proc.st_uid, 0u) << "it can be dumped and traced";
  int sockets = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(agent) + "/fd")) {
    const std::string target = std::filesystem::read_symlink(entry.path()).string();
    sockets += target.starts_with("socket:") ? 1 : 0;
    EXPECT_TRUE(target.starts_with("socket:") || target.starts_with("pipe:") ||
                target == "/dev/null")
        << target;
  }
  EXPECT_EQ(sockets, 1);
}

TEST_F(AgentsTest, TicketsAreGotAgainBeforeTheyEnd) {
  ASSERT_TRUE(kdc().Admin({"modprinc -maxlife \"4 seconds\" alice"}).ok());
  GiveKeytab(kAliceSid, "alice");
  Start();
  const auto alice = Identity(kAliceSid);
  ASSERT_EQ(Who(alice), "alice@TEST.LOCAL");
  const int asked = proxy().accepted();
  // Whoever asks at any time gets a good token, for as long as three tickets last.
  std::set<std::string> names;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(9);
  WaitFor([&] {
    names.insert(Who(alice));
    return std::chrono::steady_clock::now() > end || names.size() > 1;
  });
  EXPECT_EQ(names, std::set<std::string>{"alice@TEST.LOCAL"});
  EXPECT_GT(proxy().accepted(), asked);
}

TEST_F(AgentsTest, AKeytabThatIsReplacedIsReadAnew) {
  ASSERT_TRUE(kdc().Admin({"modprinc -maxlife \"3 seconds\" alice"}).ok());
  const std::string keytab = GiveKeytab(kAliceSid, "alice");
  Start();
  const auto alice = Identity(kAliceSid);
  ASSERT_EQ(Who(alice), "alice@TEST.LOCAL");
  // A new key: once the tickets have ended, the old keytab does not do.
  ASSERT_TRUE(kdc().Admin({"cpw -randkey alice"}).ok());
  EXPECT_TRUE(WaitFor([&] { return Who(alice) == "network_credentials_unusable"; }));
  ::unlink(keytab.c_str());
  ASSERT_TRUE(kdc().WriteKeytab("alice", keytab).ok());
  Own(keytab);
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL");
}

TEST_F(AgentsTest, WhatIsWrongWithAKeytabIsNamed) {
  const std::string keytab = GiveKeytab(kAliceSid, "alice");
  Start();
  const auto alice = Identity(kAliceSid);
  const auto reason = [&] {
    const absl::Status status = Token(alice).status();
    EXPECT_EQ(WordFor(status), "network_credentials_unusable");
    return std::string(status.message());
  };
  const std::string good = ReadFile(keytab);
  ASSERT_EQ(::chmod(keytab.c_str(), 0644), 0);
  EXPECT_NE(reason().find("others may read"), std::string::npos);
  ASSERT_EQ(::chmod(keytab.c_str(), 0600), 0);
  for (const std::string& garbage : {std::string(), std::string("garbage"), good.substr(0, 20)}) {
    WriteFile(keytab, garbage, 0600);
    EXPECT_NE(reason().find(keytab), std::string::npos);
  }
  ::unlink(keytab.c_str());
  EXPECT_NE(reason().find("cannot be opened"), std::string::npos);
  ASSERT_TRUE(kdc().WriteKeytab("bob", keytab).ok());
  Own(keytab);
  EXPECT_NE(reason().find("alice@TEST.LOCAL"), std::string::npos) << "the key of bob";
  ::unlink(keytab.c_str());
  ASSERT_TRUE(kdc().WriteKeytab("alice", keytab).ok());
  Own(keytab);
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL") << "mended, without anything else";
}

TEST_F(AgentsTest, APrincipalAndAServiceThatTheKdcDoesNotKnowAreNamed) {
  GiveKeytab(kAliceSid, "alice");
  GiveKeytab(kNetuserSid, "netuser");
  ASSERT_TRUE(kdc().Admin({"delprinc -force netuser"}).ok());
  Start();
  EXPECT_EQ(Who(Identity(kNetuserSid)), "network_credentials_unusable");
  const absl::Status status = Token(Identity(kAliceSid), "elsewhere.test.local").status();
  EXPECT_EQ(WordFor(status), "kerberos_server_unknown");
  EXPECT_NE(std::string(status.message()).find("HTTP@elsewhere.test.local"), std::string::npos);
  EXPECT_EQ(Who(Identity(kAliceSid)), "alice@TEST.LOCAL");
}

TEST_F(AgentsTest, ACredentialCacheIsReadAgainWhenItHasChanged) {
  const std::string path = OwnFile("alice.cc");
  CredentialsOf(kAliceSid).kerberos = {"alice@TEST.LOCAL", "", path};
  Start();
  const auto alice = Identity(kAliceSid);
  EXPECT_EQ(Who(alice), "BG_E_TOKEN_REQUIRED") << "nobody has made it yet";
  WriteFile(path, CacheOf("alice", {"-l", "4s"}), 0600);
  Own(path);
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL");
  EXPECT_TRUE(WaitFor([&] { return Who(alice) == "BG_E_TOKEN_REQUIRED"; }));
  WriteFile(path, CacheOf("bob"), 0600);
  EXPECT_EQ(Who(alice), "network_credentials_unusable") << "the tickets of bob";
  WriteFile(path, "garbage", 0600);
  EXPECT_EQ(Who(alice), "network_credentials_unusable");
  WriteFile(path, CacheOf("alice"), 0600);
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL");
  ::unlink(path.c_str());
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL") << "it is being written anew";
}

TEST_F(AgentsTest, ALoginIsReadFromItsFileEachTime) {
  const std::string path = OwnFile("alice.password");
  WriteFile(path, "first\n", 0600);
  Own(path);
  CredentialsOf(kAliceSid).ntlm = {"TEST", "alice", path};
  Start();
  const auto alice = Identity(kAliceSid);
  const auto login = [&] {
    std::promise<absl::StatusOr<NtlmLogin>> result;
    alice->Ntlm([&](auto answer) { result.set_value(std::move(answer)); });
    return result.get_future().get();
  };
  auto first = login();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->user, "TEST\\alice");
  EXPECT_EQ(first->password, Secret("first"));
  WriteFile(path, "second", 0600);
  EXPECT_EQ(login()->password, Secret("second"));
  WriteFile(path, "\n", 0600);
  EXPECT_EQ(WordFor(login().status()), "network_credentials_unusable");
}

TEST_F(AgentsTest, AKdcThatIsDownIsWorthTryingAgain) {
  GiveKeytab(kAliceSid, "alice");
  Start();
  const auto alice = Identity(kAliceSid);
  proxy().Cut();
  EXPECT_EQ(Who(alice), "unavailable");
  proxy().Restore();
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL");
  proxy().Cut();
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL") << "there are tickets";
}

TEST_F(AgentsTest, AKdcThatDoesNotAnswerCostsOnlyWhoNeedsIt) {
  GiveKeytab(kAliceSid, "alice");
  GiveKeytab(kNetuserSid, "netuser");
  Start(QuickDeadline());
  const auto alice = Identity(kAliceSid);
  const auto netuser = Identity(kNetuserSid);
  ASSERT_EQ(Who(netuser), "netuser@TEST.LOCAL");
  proxy().Hold();
  std::promise<absl::StatusOr<std::string>> slow;
  auto answer = slow.get_future();
  alice->Negotiate("localhost", [&](auto result) { slow.set_value(std::move(result)); });
  int served = 0;
  while (answer.wait_for(milliseconds(0)) != std::future_status::ready) {
    EXPECT_EQ(Who(netuser), "netuser@TEST.LOCAL");
    ++served;
  }
  EXPECT_GT(served, 10);
  EXPECT_EQ(WordFor(answer.get().status()), "unavailable");
  const std::set<pid_t> agents = Agents();
  proxy().Restore();
  // Her agent waits until the Kerberos library has given up, and is not ended for that.
  EXPECT_TRUE(WaitFor([&] { return Who(alice) == "alice@TEST.LOCAL"; }, std::chrono::seconds(60)));
  EXPECT_EQ(Agents(), agents);
}

TEST_F(AgentsTest, AnAgentThatIsKilledIsStartedAgain) {
  GiveKeytab(kAliceSid, "alice");
  Start();
  const auto alice = Identity(kAliceSid);
  ASSERT_EQ(Who(alice, "localhost"), "alice@TEST.LOCAL");
  const pid_t first = *Agents().begin();
  ::kill(first, SIGKILL);
  EXPECT_TRUE(WaitFor([&] { return Agents().count(first) == 0; }));
  // A token that is in stock may be handed out meanwhile.
  EXPECT_TRUE(WaitFor([&] { return Who(alice) == "alice@TEST.LOCAL" && Agents().size() == 1; }));
  EXPECT_NE(*Agents().begin(), first);
}

TEST_F(AgentsTest, CredentialsThatTheDirectoryDoesNotHoldAreRefused) {
  GiveKeytab(kAliceSid, "alice");
  GiveKeytab(kNetuserSid, "netuser");
  Start();
  const auto mixed = networks_->Of(kAliceSid, CredentialsOf(kNetuserSid));
  EXPECT_EQ(Who(mixed), "unknown_identity");
  const auto lent = Lend(kAliceSid, CacheOf("alice"));
  EXPECT_EQ(WordFor(lent.status()), "unknown_identity") << "she may delegate nobody's";
  EXPECT_TRUE(Agents().empty());
}

TEST_F(AgentsTest, AgentsEndWhenTheDirectoryGivesTheirCredentialsNoMore) {
  GiveKeytab(kAliceSid, "alice");
  CredentialsOf(kNetuserSid).delegated = {{"netuser@TEST.LOCAL"}};
  Start();
  const auto alice = Identity(kAliceSid);
  auto lent = Lend(kNetuserSid, CacheOf("netuser"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  ASSERT_EQ(Who(alice), "alice@TEST.LOCAL");
  ASSERT_EQ(Agents().size(), 2u);
  Withdraw();
  EXPECT_TRUE(WaitFor([&] { return Agents().empty(); }));
  EXPECT_EQ(Who(alice), "unknown_identity");
  EXPECT_EQ(Who(lent->identity), "BG_E_TOKEN_REQUIRED");
}

TEST_F(AgentsTest, AnAgentEndsWhenNothingIsAskedOfIt) {
  GiveKeytab(kAliceSid, "alice");
  network::AgentIdentities::Options options;
  options.idle = milliseconds(300);
  Start(options);
  const auto alice = Identity(kAliceSid);
  ASSERT_EQ(Who(alice), "alice@TEST.LOCAL");
  EXPECT_TRUE(WaitFor([&] { return Agents().empty(); }));
  EXPECT_EQ(Who(alice), "alice@TEST.LOCAL");
}

}  // namespace
}  // namespace bitsd::tests
