// Identities of credential caches that were lent: how long their agents last, and how many there
// may be.

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/wait.h"
#include "tests/unit/network/agent_identities_fixture.h"
#include "tests/unit/network/scripted_agent.h"

namespace bitsd::network {
namespace {

using std::chrono::milliseconds;
using tests::WaitFor;

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

}  // namespace
}  // namespace bitsd::network
