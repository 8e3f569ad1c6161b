// The invariant, whatever the order: an admin token is only ever on an elevated job.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/policy/token_rules.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

/// A job as far as flags and token go. `token` is null without one.
struct TinyJob {
  JobFacts facts;
  uint32_t flags = 0;
  const LentToken* token = nullptr;
};

/// One call with everything it brings.
struct Step {
  HandleFacts handle;
  TokenCall call;
  uint32_t flags = 0;
  const LentToken* token = nullptr;
};

const LentToken& Plain() {
  static const AccessToken token = TokenOf(kAlice);
  static const LentToken lent{token};
  return lent;
}
const LentToken& DenyOnly() {
  static const AccessToken token = TokenOf(kRoot, Admin::kDenyOnly);
  static const LentToken lent{token};
  return lent;
}
const LentToken& AdminEnabled() {
  static const AccessToken token = TokenOf(kRoot, Admin::kEnabled);
  static const LentToken lent{token};
  return lent;
}
/// Delegates credentials of a principal that the directory marks administrator.
const LentToken& AdminPrincipal() {
  static const LentToken lent{Plain().identity, true};
  return lent;
}

const std::vector<const LentToken*>& Tokens() {
  static const std::vector<const LentToken*> tokens = {&Plain(), &DenyOnly(), &AdminEnabled(),
                                                       &AdminPrincipal()};
  return tokens;
}

std::vector<Step> StepsOf(const HandleFacts& handle) {
  std::vector<Step> steps = {{handle, TokenCall::kClearHelperToken}};
  for (uint32_t flags : {0u, 1u, 2u, 3u}) {
    steps.push_back({handle, TokenCall::kSetHelperTokenFlags, flags});
  }
  for (const LentToken* token : Tokens()) {
    steps.push_back({handle, TokenCall::kSetHelperToken, 0, token});
  }
  return steps;
}

/// Every call that changes something, through every handle.
std::vector<Step> AllSteps() {
  std::vector<Step> steps;
  for (bool owner : {false, true}) {
    for (bool administrator : {false, true}) {
      for (const Step& step : StepsOf({kFetcher, owner, administrator, std::nullopt})) {
        steps.push_back(step);
      }
    }
  }
  return steps;
}

/// Every start that keeps the invariant.
std::vector<TinyJob> AllStarts() {
  std::vector<TinyJob> starts;
  for (bool elevated : {false, true}) {
    for (uint32_t flags : {0u, 1u, 2u, 3u}) {
      const JobFacts facts{JobState::kSuspended, elevated};
      starts.push_back({facts, flags, nullptr});
      starts.push_back({facts, flags, &Plain()});
      starts.push_back({facts, flags, &DenyOnly()});
      if (elevated) starts.push_back({facts, flags, &AdminEnabled()});
      if (elevated) starts.push_back({facts, flags, &AdminPrincipal()});
    }
  }
  return starts;
}

/// Does to `job` what the call does when policy allows it.
void Apply(Version version, const Step& step, TinyJob& job) {
  switch (step.call) {
    case TokenCall::kSetHelperTokenFlags:
      if (MaySetHelperTokenFlags(version, step.handle, job.facts, job.token, step.flags).ok()) {
        job.flags = step.flags;
      }
      return;
    case TokenCall::kSetHelperToken:
      if (MaySetHelperToken(version, step.handle, job.facts, *step.token).ok()) {
        job.token = step.token;
      }
      return;
    default:
      if (MayUseHandle(version, step.handle, job.facts).ok()) job.token = nullptr;
  }
}

bool InvariantHolds(const TinyJob& job) {
  return job.facts.elevated || job.token == nullptr || !job.token->IsAdministrator();
}

class InvariantTest : public testing::TestWithParam<Version> {};

INSTANTIATE_TEST_SUITE_P(BothPolicies, InvariantTest,
                         testing::Values(Version::kWindows10_1607, Version::kWindows7));

TEST_P(InvariantTest, AnAdminTokenIsOnlyOnAnElevatedJobAfterEveryPairOfCalls) {
  const std::vector<Step> steps = AllSteps();
  for (const TinyJob& start : AllStarts()) {
    for (const Step& first : steps) {
      for (const Step& second : steps) {  // Both orders: every step is first and second once.
        TinyJob job = start;
        Apply(GetParam(), first, job);
        ASSERT_TRUE(InvariantHolds(job));
        Apply(GetParam(), second, job);
        ASSERT_TRUE(InvariantHolds(job));
      }
    }
  }
}

TEST_P(InvariantTest, AnAdminTokenDoesReachAnElevatedJob) {
  TinyJob job{{JobState::kSuspended, true}, 0, nullptr};
  const HandleFacts handle{kRoot, true, true, std::nullopt};
  Apply(GetParam(), {handle, TokenCall::kSetHelperToken, 0, &AdminEnabled()}, job);
  Apply(GetParam(), {handle, TokenCall::kSetHelperTokenFlags, 3}, job);
  EXPECT_EQ(job.token, &AdminEnabled());
  EXPECT_EQ(job.flags, 3u);
}

TEST_P(InvariantTest, NobodyWithoutRightsAtAcquisitionChangesAnything) {
  const HandleFacts nobody{kMallory, false, false, std::nullopt};
  for (const TinyJob& start : AllStarts()) {
    for (const Step& step : StepsOf(nobody)) {
      TinyJob job = start;
      Apply(GetParam(), step, job);
      EXPECT_EQ(job.flags, start.flags);
      EXPECT_EQ(job.token, start.token);
    }
  }
}

}  // namespace
}  // namespace bitsd::policy
