// Credentials that are lent with a call: taken, shown, renewed, and gone.

#include <unistd.h>

#include <csignal>
#include <future>
#include <string>

#include "server/error/errors.h"
#include "tests/integration/network/agents_fixture.h"
#include "tests/testing/credential_caches.h"
#include "tests/testing/servers/web_server.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

class DelegatedAgentsTest : public AgentsTest {
 protected:
  void SetUp() override {
    AgentsTest::SetUp();
    CredentialsOf(kAliceSid).delegated = {{"alice@TEST.LOCAL"}};
  }

  /// A cache file of `principal` with a ticket for HTTP/localhost as well.
  std::string CacheFile(const std::string& principal) {
    const std::string path = kdc().folder().File(principal + ".cc");
    EXPECT_TRUE(kdc().WriteCache(principal, path).ok());
    const absl::Status got = kdc().AddTicket("HTTP/localhost", path);
    EXPECT_TRUE(got.ok()) << got;
    return path;
  }
};

TEST_F(DelegatedAgentsTest, LentTicketsAreShownAndSayWhoseTheyAre) {
  Start();
  auto lent = Lend(kAliceSid, CacheOf("alice"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  EXPECT_EQ(lent->principal, "alice@TEST.LOCAL");
  EXPECT_TRUE(lent->identity->has_kerberos());
  EXPECT_FALSE(lent->identity->has_ntlm());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Who(lent->identity), "alice@TEST.LOCAL");
  auto of_bob = Lend(kAliceSid, CacheOf("bob"));
  ASSERT_TRUE(of_bob.ok()) << of_bob.status();
  EXPECT_EQ(of_bob->principal, "bob@TEST.LOCAL") << "whether that may be is policy's";
  EXPECT_EQ(Who(of_bob->identity), "bob@TEST.LOCAL");
  EXPECT_EQ(Who(lent->identity), "alice@TEST.LOCAL");
}

TEST_F(DelegatedAgentsTest, WhatIsNoCacheIsRefused) {
  Start();
  const std::string good = CacheOf("alice");
  std::string other_version = good;
  other_version[1] = '\x09';
  std::string huge_length = good;
  huge_length.replace(24, 4, "\x7f\xff\xff\xff");  // Of the realm, after a header of 16 bytes.
  for (const std::string& bad :
       {std::string("garbage"), std::string(1, '\0'), std::string(64'000, '\x05'),
        good.substr(0, 4), good.substr(0, good.size() / 2), other_version, huge_length,
        WithoutTgt(CacheFile("alice"))}) {
    const auto lent = Lend(kAliceSid, bad);
    EXPECT_EQ(WordFor(lent.status()), "E_INVALIDARG") << bad.size();
  }
  EXPECT_TRUE(WaitFor([&] { return Agents().empty(); }));
}

TEST_F(DelegatedAgentsTest, TicketsThatHaveEndedAreRefused) {
  Start();
  const std::string cache = CacheOf("alice", {"-l", "1s"});
  absl::Status status;
  EXPECT_TRUE(WaitFor([&] {
    status = Lend(kAliceSid, cache).status();
    return !status.ok();
  }));
  EXPECT_EQ(WordFor(status), "E_INVALIDARG");
  EXPECT_NE(std::string(status.message()).find("has ended"), std::string::npos) << status;
}

TEST_F(DelegatedAgentsTest, TicketsUnderAnotherNameAreNotShown) {
  Start();
  // bob's tickets, said to be alice's: the KDC knows better.
  auto lent = Lend(kAliceSid, Relabelled(CacheFile("bob"), "alice@TEST.LOCAL"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  EXPECT_EQ(lent->principal, "alice@TEST.LOCAL");
  EXPECT_EQ(Who(lent->identity), "network_credentials_unusable");
}

TEST_F(DelegatedAgentsTest, AServiceTicketThatWasPutInIsNotShown) {
  Start();
  auto lent = Lend(kAliceSid, Planted(CacheFile("alice"), CacheFile("bob")));
  ASSERT_TRUE(lent.ok()) << lent.status();
  EXPECT_EQ(Who(lent->identity), "alice@TEST.LOCAL");
}

TEST_F(DelegatedAgentsTest, TicketsAreRenewedAlsoWhileNobodyAsks) {
  Start();
  auto lent = Lend(kAliceSid, CacheOf("alice", {"-l", "4s", "-r", "1h"}));
  ASSERT_TRUE(lent.ok()) << lent.status();
  // Each renewal is a connection to the KDC; without the first there would be no second.
  EXPECT_TRUE(WaitFor([&] { return proxy().accepted() >= 2; }));
  EXPECT_EQ(Who(lent->identity), "alice@TEST.LOCAL");
}

TEST_F(DelegatedAgentsTest, TicketsThatCannotBeRenewedEnd) {
  Start();
  auto lent = Lend(kAliceSid, CacheOf("alice", {"-l", "4s"}));
  ASSERT_TRUE(lent.ok()) << lent.status();
  EXPECT_EQ(Who(lent->identity), "alice@TEST.LOCAL");
  EXPECT_TRUE(WaitFor([&] { return Who(lent->identity) == "BG_E_TOKEN_REQUIRED"; }));
}

TEST_F(DelegatedAgentsTest, AKdcThatDoesNotAnswerCostsNoCredentials) {
  network::AgentIdentities::Options options;
  options.limits.deadline = std::chrono::milliseconds(1000);
  Start(options);
  auto lent = Lend(kAliceSid, CacheOf("alice"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  proxy().Hold();
  EXPECT_EQ(Who(lent->identity), "unavailable");
  EXPECT_EQ(Who(lent->identity), "unavailable") << "it still waits for the KDC";
  proxy().Cut();
  // The connection that was held is cut once another one has been.
  const std::string address = proxy().address();
  const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  EXPECT_TRUE(WaitFor([&] { return Accepts(port) && proxy().refused() > 0; }));
  proxy().Restore();
  EXPECT_TRUE(WaitFor([&] { return Who(lent->identity) == "alice@TEST.LOCAL"; }));
}

TEST_F(DelegatedAgentsTest, AnAgentThatIsKilledTakesTheCredentialsWithIt) {
  Start();
  auto lent = Lend(kAliceSid, CacheOf("alice"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  ASSERT_EQ(Agents().size(), 1u);
  ::kill(*Agents().begin(), SIGKILL);
  EXPECT_TRUE(WaitFor([&] { return Agents().empty(); }));
  EXPECT_EQ(Who(lent->identity), "BG_E_TOKEN_REQUIRED");
  EXPECT_TRUE(Agents().empty());
}

TEST_F(DelegatedAgentsTest, TheAgentEndsWithItsIdentity) {
  Start();
  auto lent = Lend(kAliceSid, CacheOf("alice"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  ASSERT_EQ(Who(lent->identity), "alice@TEST.LOCAL");
  ASSERT_EQ(Agents().size(), 1u);
  lent->identity.reset();
  EXPECT_TRUE(WaitFor([&] { return Agents().empty(); }));
}

TEST_F(DelegatedAgentsTest, TheAgentEndsAtOnceAlsoWhileItWaitsForAKdc) {
  Start();
  auto lent = Lend(kAliceSid, CacheOf("alice"));
  ASSERT_TRUE(lent.ok()) << lent.status();
  proxy().Hold();
  std::promise<absl::StatusOr<std::string>> token;
  lent->identity->Negotiate("localhost", [&](auto result) { token.set_value(std::move(result)); });
  ASSERT_TRUE(WaitFor([&] { return proxy().accepted() > 0; }));
  lent->identity.reset();
  EXPECT_EQ(WordFor(token.get_future().get().status()), "BG_E_TOKEN_REQUIRED");
  EXPECT_TRUE(WaitFor([&] { return Agents().empty(); }, std::chrono::seconds(3)));
}

}  // namespace
}  // namespace bitsd::tests
