// The table of docs/semantics.md, "Which identity opens what".

#include "server/policy/openers.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

std::string SideText(const absl::StatusOr<Side>& side) {
  if (!side.ok()) return Verdict(side.status());
  return *side == Side::kHelper ? "helper" : "owner";
}

struct SideRow {
  Resource resource;
  uint32_t flags;
  const char* with_token;
  const char* without_token;
};

constexpr const char* kRequired = "BG_E_TOKEN_REQUIRED";

// Flags: 1 LOCAL_FILE, 2 NETWORK.
constexpr SideRow kSides[] = {
    {Resource::kLocalFile, 0, "owner", "owner"},
    {Resource::kLocalFile, 1, "helper", kRequired},
    {Resource::kLocalFile, 2, "owner", "owner"},
    {Resource::kLocalFile, 3, "helper", kRequired},
    {Resource::kNetwork, 0, "owner", "owner"},
    {Resource::kNetwork, 1, "owner", "owner"},
    {Resource::kNetwork, 2, "helper", kRequired},
    {Resource::kNetwork, 3, "helper", kRequired},
    {Resource::kEverythingElse, 0, "owner", "owner"},
    {Resource::kEverythingElse, 1, "owner", "owner"},
    {Resource::kEverythingElse, 2, "owner", "owner"},
    {Resource::kEverythingElse, 3, "owner", "owner"},
};

TEST(OpenersTest, TheTableOfSidesHolds) {
  for (const SideRow& row : kSides) {
    SCOPED_TRACE(testing::Message()
                 << "resource " << static_cast<int>(row.resource) << " flags " << row.flags);
    EXPECT_EQ(SideText(SideFor(row.resource, row.flags, true)), row.with_token);
    EXPECT_EQ(SideText(SideFor(row.resource, row.flags, false)), row.without_token);
  }
}

Account AccountOf(Admin admin, bool posix, bool filtered, bool disabled = false) {
  Account account;
  account.sid = kFetcher;
  account.umask = 027;
  account.groups = TokenOf(kFetcher, admin).groups;
  account.disabled = disabled;
  if (posix) account.posix = kPosix;
  if (filtered) account.filtered = kFilteredPosix;
  return account;
}

/// "full", "filtered", or the rule that refused.
std::string OwnerText(const Account* account, bool elevated) {
  const absl::StatusOr<ActingIdentity> who = OwnerIdentity(account, elevated);
  if (!who.ok()) return Verdict(who.status());
  EXPECT_EQ(who->sid, account->sid);
  EXPECT_EQ(who->umask, 027u);
  EXPECT_FALSE(who->is_helper);
  return who->posix == kPosix ? "full" : who->posix == kFilteredPosix ? "filtered" : "?";
}

constexpr const char* kNoIdentity = "filtered_token_has_no_identity";
constexpr const char* kNoAdmin = "owner_not_administrator";

struct OwnerRow {
  const char* name;
  Account account;
  const char* job;
  const char* elevated_job;
};

TEST(OpenersTest, TheOwnersSideFollowsTheJob) {
  const OwnerRow rows[] = {
      {"user", AccountOf(Admin::kNone, true, false), "full", kNoAdmin},
      {"user with a filtered entry", AccountOf(Admin::kNone, true, true), "full", kNoAdmin},
      {"user without posix", AccountOf(Admin::kNone, false, false), kNoIdentity, kNoAdmin},
      {"user without posix, filtered", AccountOf(Admin::kNone, false, true), kNoIdentity, kNoAdmin},
      {"deny-only", AccountOf(Admin::kDenyOnly, true, true), "full", kNoAdmin},
      {"administrator", AccountOf(Admin::kEnabled, true, true), "filtered", "full"},
      {"no filtered entry", AccountOf(Admin::kEnabled, true, false), kNoIdentity, "full"},
      {"administrator without posix", AccountOf(Admin::kEnabled, false, true), "filtered",
       kNoIdentity},
      {"disabled", AccountOf(Admin::kNone, true, true, true), "owner_unknown", "owner_unknown"},
      {"disabled administrator", AccountOf(Admin::kEnabled, true, true, true), "owner_unknown",
       "owner_unknown"},
  };
  for (const OwnerRow& row : rows) {
    EXPECT_EQ(OwnerText(&row.account, false), row.job) << row.name;
    EXPECT_EQ(OwnerText(&row.account, true), row.elevated_job) << row.name;
  }
}

TEST(OpenersTest, AnOwnerThatVanishedOpensNothing) {
  EXPECT_EQ(Verdict(OwnerIdentity(nullptr, false).status()), "owner_unknown");
  EXPECT_EQ(Verdict(OwnerIdentity(nullptr, true).status()), "owner_unknown");
}

TEST(OpenersTest, TheHelpersSideIsExactlyTheTokenThatPolicyJudged) {
  AccessToken token = TokenOf(kAlice);
  token.umask = 077;
  const absl::StatusOr<ActingIdentity> who = HelperIdentity(token);
  ASSERT_TRUE(who.ok());
  EXPECT_EQ(*who, (ActingIdentity{kAlice, kPosix, 077, true}));
}

TEST(OpenersTest, TheOwnerShowsWhatItsSideHas) {
  for (const bool administrator : {false, true}) {
    for (const bool elevated : {false, true}) {
      Account account;
      if (administrator) account.groups = {{kAdministratorsSid, kGroupEnabled}};
      account.network.ntlm = {"TEST", "full", "/full"};
      account.filtered_network.ntlm = {"TEST", "filtered", "/filtered"};
      const bool filtered = administrator && !elevated;
      EXPECT_EQ(OwnerNetwork(account, elevated).ntlm->user, filtered ? "filtered" : "full")
          << administrator << elevated;
    }
  }
}

TEST(OpenersTest, ATokenWithoutPosixSideOpensNothing) {
  AccessToken token = TokenOf(kAlice, Admin::kDenyOnly);
  token.posix.reset();
  EXPECT_EQ(Verdict(HelperIdentity(token).status()), kNoIdentity);
}

TEST(OpenersTest, ARefreshedTokenActsAlike) {
  AccessToken refreshed = TokenOf(kAlice);
  refreshed.certificate_not_after = absl::FromUnixSeconds(1);
  refreshed.level = ImpersonationLevel::kDelegate;
  EXPECT_TRUE(ActAlike(TokenOf(kAlice), refreshed));
}

TEST(OpenersTest, AnotherSidPosixIdentityOrFilterDoesNotActAlike) {
  const AccessToken alice = TokenOf(kAlice);
  AccessToken other_uid = alice;
  other_uid.posix->uid = 61777;
  AccessToken other_groups = alice;
  other_groups.posix->groups.clear();
  AccessToken filtered = alice;
  filtered.filtered = true;
  AccessToken other_network = alice;
  other_network.network.kerberos = {"alice@TEST.LOCAL", "/etc/alice.keytab", ""};
  for (const AccessToken& other :
       {TokenOf(kMallory), other_uid, other_groups, filtered, other_network}) {
    EXPECT_FALSE(ActAlike(alice, other));
    EXPECT_FALSE(ActAlike(other, alice));
  }
}

TEST(OpenersTest, TwoTokensWithoutPosixSideDoNotActAlike) {
  AccessToken token = TokenOf(kAlice);
  token.posix.reset();
  EXPECT_FALSE(ActAlike(token, token));
}

}  // namespace
}  // namespace bitsd::policy
