// The server's side of credential agents, with agents that do as the test says.

#include "server/network/agent_identities.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/wait.h"
#include "tests/unit/network/agent_identities_fixture.h"
#include "tests/unit/network/scripted_agent.h"

namespace bitsd::network {
namespace {

using std::chrono::milliseconds;
using tests::WaitFor;

TEST_F(AgentIdentitiesTest, TheSameCredentialsAreTheSameIdentityAndOthersAreNot) {
  Start(GoodAgent());
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  EXPECT_EQ(alice, networks_->Of(kAlice, Keytab("alice")));
  EXPECT_NE(alice, networks_->Of(kBob, Keytab("alice")));
  EXPECT_NE(alice, networks_->Of(kAlice, Keytab("bob")));
  EXPECT_TRUE(alice->has_kerberos());
  EXPECT_FALSE(alice->has_ntlm());
  EXPECT_EQ(agents_->started(), 0);
  NetworkCredentials none;
  none.delegated = {{"alice@TEST.LOCAL"}};
  EXPECT_EQ(networks_->Of(kAlice, none), nullptr);
}

TEST_F(AgentIdentitiesTest, ATokenAndALoginComeFromTheAgentOfTheIdentity) {
  Start(GoodAgent());
  NetworkCredentials credentials = Keytab("alice");
  credentials.ntlm = {"TEST", "alice", "/etc/alice.password"};
  const auto alice = networks_->Of(kAlice, credentials);
  EXPECT_EQ(*Ask(alice), "web/1");
  std::atomic<bool> done = false;
  alice->Ntlm([&](absl::StatusOr<NtlmLogin> login) {
    ASSERT_TRUE(login.ok()) << login.status();
    EXPECT_EQ(login->user, "TEST\\alice");
    EXPECT_EQ(login->password, Secret("password"));
    done = true;
  });
  EXPECT_TRUE(WaitFor([&] { return done.load(); }));
  ASSERT_EQ(opened_.size(), 1u);
  EXPECT_EQ(opened_[0].sid, kAlice);
  EXPECT_EQ(opened_[0].kerberos, credentials.kerberos);
  EXPECT_EQ(opened_[0].ntlm, credentials.ntlm);
}

TEST_F(AgentIdentitiesTest, WhatAnIdentityDoesNotHaveIsRefusedByName) {
  Start(GoodAgent());
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  std::atomic<bool> done = false;
  alice->Ntlm([&](const absl::StatusOr<NtlmLogin>& login) {
    EXPECT_EQ(RefusalOf(login.status()), "network_credentials_unusable");
    done = true;
  });
  EXPECT_TRUE(WaitFor([&] { return done.load(); }));
  EXPECT_EQ(RefusalOf(Ask(alice, "a/b").status()), "E_INVALIDARG");
  NetworkCredentials ntlm;
  ntlm.ntlm = {"", "alice", "/etc/alice.password"};
  EXPECT_EQ(RefusalOf(Ask(networks_->Of(kAlice, ntlm)).status()), "network_credentials_unusable");
  EXPECT_EQ(agents_->started(), 0);
}

TEST_F(AgentIdentitiesTest, EveryTokenIsHandedOutOnceAndManyCostFewQuestions) {
  Start(GoodAgent());
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  std::set<std::string> tokens;
  for (int i = 0; i < 200; ++i) tokens.insert(*Ask(alice));
  EXPECT_EQ(tokens.size(), 200u);
  const std::lock_guard lock(mutex_);
  EXPECT_LT(batches_.size(), 40u);
  EXPECT_EQ(batches_.front(), 1) << "one request makes one token";
}

TEST_F(AgentIdentitiesTest, AnIdentityWhoseAgentHangsHoldsUpNobodyElse) {
  AgentIdentities::Options options;
  options.limits.deadline = milliseconds(60'000);
  Start(
      [&](const AgentRequest& request) {
        if (request.host == "slow") gate_.Pass();
        return Encode(ScriptedAgents::Tokens(request, made_));
      },
      options);
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  const auto bob = networks_->Of(kBob, Keytab("bob"));
  Answers slow;
  alice->Negotiate("slow", [&](auto answer) { slow.Add(answer); });
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Ask(bob).ok());
  EXPECT_EQ(slow.size(), 0u);
  gate_.Open();
  EXPECT_TRUE(slow.Await(1).front().ok());
}

TEST_F(AgentIdentitiesTest, WhoeverWaitsTooLongHearsItAndAnAgentThatHangsForGoodIsGivenUp) {
  AgentIdentities::Options options;
  options.limits.deadline = milliseconds(100);
  options.limits.patience = milliseconds(500);
  StartHangingOnce(gate_, options);
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable");
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable") << "it is busy, and not gone";
  EXPECT_EQ(agents_->started(), 1);
  EXPECT_TRUE(WaitFor([&] { return Ask(alice).ok(); }));
  EXPECT_EQ(agents_->started(), 2);
  gate_.Open();
}

TEST_F(AgentIdentitiesTest, AnAgentThatWasSlowIsKeptWithItsTickets) {
  AgentIdentities::Options options;
  options.limits.deadline = milliseconds(100);
  StartHangingOnce(gate_, options);
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable");
  gate_.Open();
  EXPECT_TRUE(WaitFor([&] { return Ask(alice).ok(); }));
  EXPECT_EQ(agents_->started(), 1);
}

TEST_F(AgentIdentitiesTest, AnAgentThatDiesIsStartedAgainOnceForAQuestion) {
  std::atomic<int> asked = 0;
  Start([&](const AgentRequest& request) -> std::optional<std::string> {
    if (++asked <= 3) return std::nullopt;
    return Encode(ScriptedAgents::Tokens(request, made_));
  });
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable");
  EXPECT_EQ(agents_->started(), 2);
  EXPECT_TRUE(Ask(alice).ok());
  EXPECT_EQ(agents_->started(), 4);
}

TEST_F(AgentIdentitiesTest, RequestsThatWaitAreBounded) {
  AgentIdentities::Options options;
  options.limits.deadline = milliseconds(60'000);
  options.limits.max_waiting = 5;
  Start(
      [&](const AgentRequest& request) {
        gate_.Pass();
        return Encode(ScriptedAgents::Tokens(request, made_));
      },
      options);
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  Answers answers;
  for (int i = 0; i < 100; ++i) alice->Negotiate("web", [&](auto a) { answers.Add(a); });
  // Five wait, and one may be with the agent.
  answers.Await(94);
  gate_.Open();
  int good = 0;
  for (const auto& answer : answers.Await(100)) {
    good += answer.ok() ? 1 : 0;
    EXPECT_EQ(RefusalOf(answer.status()), answer.ok() ? "ok" : "unavailable");
  }
  EXPECT_GE(good, 5);
  EXPECT_LE(good, 6);
}

TEST_F(AgentIdentitiesTest, AnAgentOfWhomNothingIsAskedEndsAndIsStartedWhenItIsNeeded) {
  AgentIdentities::Options options;
  options.idle = milliseconds(100);
  Start(GoodAgent(), options);
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  EXPECT_TRUE(Ask(alice).ok());
  EXPECT_EQ(agents_->running(), 1);
  EXPECT_TRUE(WaitFor([&] { return agents_->running() == 0; }));
  EXPECT_TRUE(Ask(alice).ok());
  EXPECT_EQ(agents_->started(), 2);
}

TEST_F(AgentIdentitiesTest, AnswersThatWereNotAskedForAreNotTaken) {
  std::atomic<int> lie = 0;
  Start([&](const AgentRequest& request) -> std::optional<std::string> {
    AgentReply reply = ScriptedAgents::Tokens(request, made_);
    switch (++lie) {
      case 1: reply.number += 1; break;
      case 2: return "nonsense";
      case 3: return std::string();
      case 4: reply.answers.clear(); break;
      case 5: reply.answers.front() = Secret("abc\r\n\r\nGET /smuggled"); break;
      default: break;
    }
    return Encode(reply);
  });
  const auto alice = networks_->Of(kAlice, Keytab("alice"));
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable");
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable");
  EXPECT_EQ(RefusalOf(Ask(alice).status()), "unavailable") << "a token is one word";
  EXPECT_TRUE(Ask(alice).ok());
}

TEST_F(AgentIdentitiesTest, ALoginOfOneWordIsNone) {
  Start([&](const AgentRequest& request) {
    AgentReply reply;
    reply.number = request.number;
    reply.answers.emplace_back("alice");
    return Encode(reply);
  });
  NetworkCredentials credentials;
  credentials.ntlm = {"", "alice", "/etc/alice.password"};
  std::atomic<bool> done = false;
  networks_->Of(kAlice, credentials)->Ntlm([&](const absl::StatusOr<NtlmLogin>& login) {
    EXPECT_EQ(RefusalOf(login.status()), "unavailable");
    done = true;
  });
  EXPECT_TRUE(WaitFor([&] { return done.load(); }));
}

}  // namespace
}  // namespace bitsd::network
