// The server's side of credential agents, with agents that do as the test says.

#include "server/network/agent_identities.h"

#include <chrono>
#include <condition_variable>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/wait.h"
#include "tests/unit/network/scripted_agent.h"

namespace bitsd::network {
namespace {

using std::chrono::milliseconds;
using tests::WaitFor;

const Sid kAlice(5, {21, 1, 2, 3, 1001});
const Sid kBob(5, {21, 1, 2, 3, 1002});

NetworkCredentials Keytab(const std::string& name) {
  NetworkCredentials credentials;
  credentials.kerberos = {name + "@TEST.LOCAL", "/etc/" + name + ".keytab", ""};
  return credentials;
}

/// Closed until it is opened; for scripts that must wait.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Gathers what was answered, in order.
class Answers {
 public:
  void Add(const absl::StatusOr<std::string>& answer) {
    const std::lock_guard lock(mutex_);
    all_.push_back(answer);
  }
  std::vector<absl::StatusOr<std::string>> Await(size_t count) {
    EXPECT_TRUE(WaitFor([&] { return size() >= count; })) << size() << " of " << count;
    const std::lock_guard lock(mutex_);
    return all_;
  }
  size_t size() {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<absl::StatusOr<std::string>> all_;
};

std::string RefusalOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  const ErrorDetail detail = DetailOf(status);
  if (!detail.rule.empty()) return detail.rule;
  const bool later = absl::IsUnavailable(status) || detail.hresult == Hresult::kOk;
  return later ? "unavailable" : HresultName(uint32_t(detail.hresult));
}

class AgentIdentitiesTest : public ::testing::Test {
 protected:
  /// Every agent answers by `script`.
  void Start(ScriptedAgents::Script script, AgentIdentities::Options options = {}) {
    agents_.emplace(std::move(script));
    networks_.emplace(
        [this](const wire::OpenAgentRequest& who, Deadline) {
          const std::lock_guard lock(mutex_);
          opened_.push_back(who);
          return agents_->Start();
        },
        timer_, options);
  }
  void TearDown() override {
    timer_.Stop();
    networks_.reset();
  }

  /// The first question of all waits at `gate`.
  void StartHangingOnce(Gate& gate, AgentIdentities::Options options) {
    Start(
        [this, &gate](const AgentRequest& request) {
          if (!hung_.exchange(true)) gate.Pass();
          return Encode(ScriptedAgents::Tokens(request, made_));
        },
        options);
  }

  absl::StatusOr<std::string> Ask(const NetworkIdentityPtr& who, const std::string& host = "web") {
    Answers answers;
    who->Negotiate(host, [&](auto answer) { answers.Add(answer); });
    return answers.Await(1).front();
  }

  absl::StatusOr<NetworkIdentities::Delegated> Take(const std::string& cache) {
    std::optional<absl::StatusOr<NetworkIdentities::Delegated>> taken;
    std::atomic<bool> done = false;
    networks_->Take(kAlice, Secret(cache), [&](auto result) {
      taken = std::move(result);
      done = true;
    });
    EXPECT_TRUE(WaitFor([&] { return done.load(); }));
    return *std::move(taken);
  }

  /// Tokens, and a principal to whoever sends a cache.
  ScriptedAgents::Script GoodAgent() {
    return [this](const AgentRequest& request) -> std::optional<std::string> {
      if (request.question == Question::kNegotiate) {
        const std::lock_guard lock(mutex_);
        batches_.push_back(request.count);
        return Encode(ScriptedAgents::Tokens(request, made_));
      }
      AgentReply reply;
      reply.number = request.number;
      reply.answers.emplace_back(request.question == Question::kNtlm ? "TEST\\alice"
                                                                     : "alice@TEST.LOCAL");
      if (request.question == Question::kNtlm) reply.answers.emplace_back("password");
      return Encode(reply);
    };
  }

  std::mutex mutex_;
  std::vector<wire::OpenAgentRequest> opened_;
  std::atomic<int> made_ = 0;
  std::atomic<bool> hung_ = false;
  std::vector<int> batches_;  ///< The only agent's; mutex_ guards it.
  Gate gate_;                 ///< What hangs in it may end with the agents only.
  std::optional<ScriptedAgents> agents_;
  Timer timer_;
  std::optional<AgentIdentities> networks_;
};

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

TEST_F(AgentIdentitiesTest, ADelegatedAgentThatWasSlowIsKeptAndItsLateAnswerIsNobodys) {
  std::atomic<bool> first = true;
  AgentIdentities::Options options;
  options.limits.deadline = milliseconds(300);
  Start(
      [&](const AgentRequest& request) {
        AgentReply reply = ScriptedAgents::Tokens(request, made_);
        if (request.question == Question::kNegotiate && first.exchange(false)) gate_.Pass();
        return Encode(reply);
      },
      options);
  auto taken = Take("cache");
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(RefusalOf(Ask(taken->identity, "late").status()), "unavailable");
  EXPECT_EQ(RefusalOf(Ask(taken->identity, "later").status()), "unavailable") << "still busy";
  gate_.Open();
  const auto answer = Ask(taken->identity, "now");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->starts_with("now/")) << *answer;
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

TEST_F(AgentIdentitiesTest, ADelegatedAgentThatDiedTakesItsCredentialsWithIt) {
  Start([&](const AgentRequest& request) -> std::optional<std::string> {
    if (request.question == Question::kNegotiate) return std::nullopt;
    return Encode(ScriptedAgents::Tokens(request, made_));
  });
  auto taken = Take("cache");
  ASSERT_TRUE(taken.ok()) << taken.status();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(RefusalOf(Ask(taken->identity).status()), "BG_E_TOKEN_REQUIRED");
  }
  EXPECT_EQ(agents_->started(), 1);
}

TEST_F(AgentIdentitiesTest, ADelegatedAgentEndsWithItsIdentity) {
  Start(GoodAgent());
  auto taken = Take("cache");
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->principal, "alice@TEST.LOCAL");
  EXPECT_TRUE(opened_[0].delegated());
  EXPECT_EQ(agents_->running(), 1);
  taken->identity.reset();
  EXPECT_TRUE(WaitFor([&] { return agents_->running() == 0; }));
}

TEST_F(AgentIdentitiesTest, ADelegatedAgentEndsAlsoWhileSomebodyWaitsForIt) {
  AgentIdentities::Options options;
  options.limits.deadline = milliseconds(60'000);
  Start(
      [&](const AgentRequest& request) {
        if (request.question == Question::kNegotiate) gate_.Pass();
        return Encode(ScriptedAgents::Tokens(request, made_));
      },
      options);
  auto taken = Take("cache");
  ASSERT_TRUE(taken.ok()) << taken.status();
  Answers answers;
  taken->identity->Negotiate("web", [&](auto answer) { answers.Add(answer); });
  taken->identity.reset();
  EXPECT_EQ(RefusalOf(answers.Await(1).front().status()), "BG_E_TOKEN_REQUIRED");
  gate_.Open();
}

TEST_F(AgentIdentitiesTest, ACacheThatIsNoneOrTooLargeReachesNoAgent) {
  Start(GoodAgent());
  EXPECT_EQ(RefusalOf(Take("").status()), "E_INVALIDARG");
  EXPECT_EQ(RefusalOf(Take(std::string(kMaxCacheBytes + 1, 'c')).status()), "E_INVALIDARG");
  EXPECT_EQ(agents_->started(), 0);
}

TEST_F(AgentIdentitiesTest, ACacheThatAnAgentDiesOfIsNone) {
  Start([](const AgentRequest&) { return std::nullopt; });
  EXPECT_EQ(RefusalOf(Take("cache").status()), "E_INVALIDARG");
  EXPECT_EQ(agents_->started(), 1);
}

TEST_F(AgentIdentitiesTest, OneUsersCachesDoNotKeepOutAnothers) {
  AgentIdentities::Options options;
  options.max_taking = 2;
  Start(
      [&](const AgentRequest& request) {
        gate_.Pass();
        return Encode(ScriptedAgents::Tokens(request, made_));
      },
      options);
  std::atomic<int> heard = 0;
  const auto count = [&](const auto&) { ++heard; };
  networks_->Take(kAlice, Secret("cache"), count);
  networks_->Take(kAlice, Secret("cache"), count);
  EXPECT_EQ(RefusalOf(Take("cache").status()), "unavailable");
  networks_->Take(kBob, Secret("cache"), count);
  EXPECT_TRUE(WaitFor([&] { return agents_->started() == 3; }));
  gate_.Open();
  networks_->AwaitTaken();
  EXPECT_EQ(heard, 3) << "whoever waits for them goes after they were heard";
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
