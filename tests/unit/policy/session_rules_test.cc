// The numbers and rules of logon sessions and loans, written out.

#include "server/policy/session_rules.h"

#include "gtest/gtest.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
const SessionLimits kLimits;

TEST(SessionRulesTest, TheNumbersAreThoseOfTheContract) {
  EXPECT_EQ(kLimits.min_ttl, absl::Seconds(30));
  EXPECT_EQ(kLimits.max_ttl, absl::Hours(24));
  EXPECT_EQ(kLimits.max_life, absl::Hours(7 * 24));
  EXPECT_EQ(kLimits.default_idle, absl::Hours(7 * 24));
  EXPECT_EQ(kLimits.per_user, 16u);
  EXPECT_FALSE(kLimits.require_logon);
}

TEST(SessionRulesTest, ATtlIsFromHalfAMinuteToADay) {
  const std::pair<absl::Duration, const char*> table[] = {
      {absl::Seconds(30), "ok"},
      {absl::Hours(24), "ok"},
      {absl::Seconds(30) - absl::Nanoseconds(1), "E_INVALIDARG"},
      {absl::Hours(24) + absl::Nanoseconds(1), "E_INVALIDARG"},
      {absl::ZeroDuration(), "E_INVALIDARG"},
      {-absl::Hours(1), "E_INVALIDARG"},
      {absl::InfiniteDuration(), "E_INVALIDARG"},
      {-absl::InfiniteDuration(), "E_INVALIDARG"},
  };
  for (const auto& [ttl, expected] : table) {
    EXPECT_EQ(Verdict(SessionTtl(ttl, kLimits).status()), expected) << ttl;
  }
  EXPECT_EQ(*SessionTtl(absl::Minutes(5), kLimits), absl::Minutes(5));
}

TEST(SessionRulesTest, ARestartAddsAQuarterOfTheTtlAndNeverMoreThanAMinute) {
  EXPECT_EQ(StoreSlack(absl::Seconds(4)), absl::Seconds(1));
  EXPECT_EQ(StoreSlack(absl::Seconds(240)), absl::Minutes(1));
  EXPECT_EQ(StoreSlack(absl::Hours(24)), absl::Minutes(1));
}

TEST(SessionRulesTest, WithoutATtlASessionHasAnHourWhereTheLimitsAllowIt) {
  EXPECT_EQ(*SessionTtl(std::nullopt, kLimits), absl::Hours(1));
  SessionLimits limits;
  limits.max_ttl = absl::Minutes(2);
  EXPECT_EQ(*SessionTtl(std::nullopt, limits), absl::Minutes(2));
  limits.max_ttl = limits.min_ttl = absl::Hours(3);
  EXPECT_EQ(*SessionTtl(std::nullopt, limits), absl::Hours(3));
}

TEST(SessionRulesTest, NoRenewalGoesBeyondSevenDaysFromLogon) {
  const absl::Time end = LastEnd(false, kNow, kLimits);
  EXPECT_EQ(end, kNow + absl::Hours(168));
  EXPECT_EQ(RenewedDeadline(absl::Hours(1), end, kNow), kNow + absl::Hours(1));
  EXPECT_EQ(RenewedDeadline(absl::Hours(24), end, end - absl::Hours(1)), end);
  EXPECT_EQ(LastEnd(true, kNow, kLimits), absl::InfiniteFuture());
}

TEST(SessionRulesTest, DefaultSessionsAreForEverybodyUnlessALogonIsRequired) {
  SessionLimits strict;
  strict.require_logon = true;
  EXPECT_EQ(Verdict(MayUseDefaultSession(false, kLimits)), "ok");
  EXPECT_EQ(Verdict(MayUseDefaultSession(true, kLimits)), "ok");
  EXPECT_EQ(Verdict(MayUseDefaultSession(true, strict)), "ok");
  const absl::Status refused = MayUseDefaultSession(false, strict);
  EXPECT_EQ(Verdict(refused), "ERROR_NOT_LOGGED_ON");
  // BITS users' most frequent complaint: it says what to do.
  EXPECT_NE(refused.message().find("bitsctl logon"), absl::string_view::npos);
  EXPECT_NE(refused.message().find("bits-session-id"), absl::string_view::npos);
}

TEST(SessionRulesTest, AnIdentityHasAtMostSixteenSessions) {
  EXPECT_EQ(Verdict(MayOpenSession(0, kLimits)), "ok");
  EXPECT_EQ(Verdict(MayOpenSession(15, kLimits)), "ok");
  EXPECT_EQ(Verdict(MayOpenSession(16, kLimits)), "E_OUTOFMEMORY");
  EXPECT_EQ(Verdict(MayOpenSession(17, kLimits)), "E_OUTOFMEMORY");
}

TEST(SessionRulesTest, OnlyItsUserUsesASessionAndAdministratorsMayEndIt) {
  struct Row {
    AccessToken caller;
    const char* use;
    const char* end;
  };
  const Row table[] = {
      {TokenOf(kAlice), "ok", "ok"},
      {TokenOf(kAlice, Admin::kEnabled), "ok", "ok"},
      {TokenOf(kMallory), "session_of_another", "session_of_another"},
      {TokenOf(kRoot, Admin::kDenyOnly), "session_of_another", "session_of_another"},
      {TokenOf(kRoot, Admin::kEnabled), "session_of_another", "ok"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(Verdict(MayUseSession(row.caller.user, kAlice)), row.use);
    EXPECT_EQ(Verdict(MayEndSession(row.caller, kAlice)), row.end);
  }
}

TEST(SessionRulesTest, ServiceAccountsAreAlwaysLoggedOn) {
  EXPECT_FALSE(IsAlwaysLoggedOn(kAlice, false));
  EXPECT_TRUE(IsAlwaysLoggedOn(kAlice, true));
  for (const uint32_t rid : {18u, 19u, 20u}) EXPECT_TRUE(IsAlwaysLoggedOn(Sid{5, {rid}}, false));
  EXPECT_FALSE(IsAlwaysLoggedOn(Sid{5, {17}}, false));
}

TEST(SessionRulesTest, ALoanEndsWithTheFirstOfItsBounds) {
  const LoanBounds wide{kNow + absl::Hours(10), kNow + absl::Hours(10), absl::Hours(10),
                        kNow + absl::Hours(10)};
  const absl::Time early = kNow + absl::Hours(1);
  for (int bound = 0; bound < 4; ++bound) {
    LoanBounds bounds = wide;
    if (bound == 0) bounds.certificate_end = early;
    if (bound == 1) bounds.session_last_end = early;
    if (bound == 2) bounds.max_ttl = absl::Hours(1);
    if (bound == 3) bounds.scope_end = early;
    EXPECT_EQ(LoanEnd(bounds, kNow), early) << bound;
  }
  EXPECT_EQ(LoanEnd(wide, kNow), kNow + absl::Hours(10));
}

TEST(SessionRulesTest, TheWarningComesBeforeTheEndAndAfterTheBegin) {
  const absl::Duration lead = absl::Minutes(10);
  EXPECT_EQ(LoanWarning(kNow, kNow + absl::Hours(24), lead), kNow + absl::Hours(24) - lead);
  EXPECT_EQ(LoanWarning(kNow, kNow + absl::Minutes(100), lead), kNow + absl::Minutes(90));
  EXPECT_EQ(LoanWarning(kNow, kNow + absl::Minutes(10), lead), kNow + absl::Minutes(9));
  EXPECT_EQ(LoanWarning(kNow, kNow + absl::Seconds(1), lead), kNow + absl::Milliseconds(900));
}

}  // namespace
}  // namespace bitsd::policy
