// The tables of docs/semantics.md, "Who may do what with a handle", and every point of their space.

#include "server/policy/token_rules.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "server/policy/job_access.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

enum class Relation { kOwner, kAdministrator, kBoth, kNeither };
/// kAdminPrincipal: a plain token that carries credentials of a principal marked administrator.
enum class Kind { kNone, kPlain, kAdminEnabled, kAdminDenyOnly, kAdminPrincipal, kWithoutIdentity };

constexpr Relation kRelations[] = {Relation::kOwner, Relation::kAdministrator, Relation::kBoth,
                                   Relation::kNeither};
constexpr Kind kCurrentTokens[] = {Kind::kNone, Kind::kPlain, Kind::kAdminEnabled,
                                   Kind::kAdminDenyOnly, Kind::kAdminPrincipal};
constexpr Kind kNewTokens[] = {Kind::kPlain, Kind::kAdminEnabled, Kind::kAdminDenyOnly,
                               Kind::kAdminPrincipal, Kind::kWithoutIdentity};
constexpr TokenCall kCalls[] = {TokenCall::kSetHelperTokenFlags, TokenCall::kGetHelperTokenFlags,
                                TokenCall::kSetHelperToken, TokenCall::kClearHelperToken,
                                TokenCall::kGetHelperTokenSid};

constexpr const char* kNeitherNor = "handle_not_owner_nor_administrator";
constexpr const char* kNeedsAdmin = "admin_token_needs_administrator";
constexpr const char* kUnelevated = "admin_token_on_unelevated_job";
constexpr const char* kAdminOwned = "administrator_owned_job_required";

// QueryInterface: what a caller with that relation to the job is told. Filtered: its administrators
// SID is deny-only.
struct AccessRow {
  Relation relation;
  bool filtered;
  const char* job;
  const char* elevated_job;
  const char* system_job;
  const char* elevated_system_job;
};
constexpr AccessRow kAccess[] = {
    {Relation::kOwner, false, "ok", "elevated_job", "ok", "elevated_job"},
    {Relation::kOwner, true, "ok", "elevated_job", "ok", "elevated_job"},
    {Relation::kAdministrator, false, "ok", "ok", "system_job", "system_job"},
    {Relation::kAdministrator, true, "job_access", "job_access", "job_access", "job_access"},
    {Relation::kBoth, false, "ok", "ok", "ok", "ok"},
    {Relation::kBoth, true, "ok", "elevated_job", "ok", "elevated_job"},
    {Relation::kNeither, false, "job_access", "job_access", "job_access", "job_access"},
    {Relation::kNeither, true, "job_access", "job_access", "job_access", "job_access"},
};

// The rules. Columns: the three calls that judge no token; then, for the other two, the token they
// judge: SetHelperToken the new one, SetHelperTokenFlags the one that is set.
struct RuleRow {
  Relation acquired_as;  ///< kBoth: as owner and as enabled administrator.
  bool elevated;
  const char* no_token;
  const char* plain;
  const char* admin_deny_only;
  const char* admin_enabled;
};
constexpr RuleRow kWindows10_1607Rules[] = {
    {Relation::kOwner, false, "ok", "ok", "ok", kNeedsAdmin},
    // QueryInterface gives out no such handle; closed all the same.
    {Relation::kOwner, true, "elevated_job", "elevated_job", "elevated_job", "elevated_job"},
    {Relation::kAdministrator, false, "ok", "ok", "ok", kUnelevated},
    {Relation::kAdministrator, true, "ok", "ok", "ok", "ok"},
    {Relation::kBoth, false, "ok", "ok", "ok", kUnelevated},
    {Relation::kBoth, true, "ok", "ok", "ok", "ok"},
    {Relation::kNeither, false, kNeitherNor, kNeitherNor, kNeitherNor, kNeitherNor},
    {Relation::kNeither, true, kNeitherNor, kNeitherNor, kNeitherNor, kNeitherNor},
};
constexpr RuleRow kWindows7Rules[] = {
    {Relation::kOwner, false, kAdminOwned, kAdminOwned, kAdminOwned, kAdminOwned},
    {Relation::kOwner, true, kAdminOwned, kAdminOwned, kAdminOwned, kAdminOwned},
    {Relation::kAdministrator, false, kAdminOwned, kAdminOwned, kAdminOwned, kAdminOwned},
    {Relation::kAdministrator, true, "ok", "ok", "ok", "ok"},
    {Relation::kBoth, false, kAdminOwned, kAdminOwned, kAdminOwned, kAdminOwned},
    {Relation::kBoth, true, "ok", "ok", "ok", "ok"},
    {Relation::kNeither, false, kAdminOwned, kAdminOwned, kAdminOwned, kAdminOwned},
    {Relation::kNeither, true, kAdminOwned, kAdminOwned, kAdminOwned, kAdminOwned},
};

// What stands before the rules.
struct StateRow {
  JobState state;
  const char* verdict;
};
constexpr StateRow kStates[] = {
    {JobState::kQueued, "ok"},
    {JobState::kConnecting, "ok"},
    {JobState::kTransferring, "ok"},
    {JobState::kSuspended, "ok"},
    {JobState::kError, "ok"},
    {JobState::kTransientError, "ok"},
    {JobState::kTransferred, "ok"},
    {JobState::kAcknowledged, "BG_E_INVALID_STATE"},
    {JobState::kCancelled, "BG_E_INVALID_STATE"},
};
struct LevelRow {
  ImpersonationLevel level;
  const char* verdict;  ///< Of SetHelperToken.
};
constexpr LevelRow kLevels[] = {
    {ImpersonationLevel::kAnonymous, "impersonation_level"},
    {ImpersonationLevel::kIdentify, "impersonation_level"},
    {ImpersonationLevel::kImpersonate, "ok"},
    {ImpersonationLevel::kDelegate, "ok"},
};
struct FlagsRow {
  uint32_t flags;
  const char* verdict;  ///< Of SetHelperTokenFlags.
};
constexpr FlagsRow kFlags[] = {
    {0, "ok"},
    {1, "ok"},
    {2, "ok"},
    {3, "ok"},
    {4, "E_INVALIDARG"},
    {7, "E_INVALIDARG"},
    {1u << 31, "E_INVALIDARG"},
    {0xFFFFFFFF, "E_INVALIDARG"},
};

/// One point of the space.
struct Point {
  Version version;
  AccessRow access;
  bool elevated;
  bool system_owned;
  StateRow state;
  LevelRow level;
  FlagsRow flags;
  Kind current;
  Kind lent;
};

bool IsOwner(Relation relation) {
  return relation == Relation::kOwner || relation == Relation::kBoth;
}

bool IsAdministrator(Relation relation) {
  return relation == Relation::kAdministrator || relation == Relation::kBoth;
}

/// What a relation comes down to for a filtered caller.
Relation Effective(const AccessRow& row) {
  if (!row.filtered) return row.relation;
  return IsOwner(row.relation) ? Relation::kOwner : Relation::kNeither;
}

AccessToken Helper(Kind kind) {
  AccessToken token = TokenOf(kAlice, kind == Kind::kAdminEnabled    ? Admin::kEnabled
                                      : kind == Kind::kAdminDenyOnly ? Admin::kDenyOnly
                                                                     : Admin::kNone);
  if (kind == Kind::kWithoutIdentity) {
    token = TokenOf(kAlice, Admin::kDenyOnly);
    token.posix.reset();
  }
  return token;
}

AccessToken Acquirer(const Point& point, const Sid& owner) {
  const Sid user = IsOwner(point.access.relation) ? owner : kRoot;
  const Admin admin = point.access.filtered ? Admin::kDenyOnly : Admin::kEnabled;
  return TokenOf(user, IsAdministrator(point.access.relation) ? admin : Admin::kNone);
}

// ---- What the tables say of a point.

const char* ExpectedAccess(const Point& point) {
  if (point.system_owned) {
    return point.elevated ? point.access.elevated_system_job : point.access.system_job;
  }
  return point.elevated ? point.access.elevated_job : point.access.job;
}

const RuleRow& RowOf(const Point& point) {
  const auto& table = point.version == Version::kWindows7 ? kWindows7Rules : kWindows10_1607Rules;
  return *std::find_if(std::begin(table), std::end(table), [&point](const RuleRow& row) {
    return row.acquired_as == Effective(point.access) && row.elevated == point.elevated;
  });
}

const char* ExpectedRule(const Point& point, Kind judged) {
  const RuleRow& row = RowOf(point);
  switch (judged) {
    case Kind::kNone: return row.no_token;
    case Kind::kPlain: return row.plain;
    case Kind::kAdminEnabled:
    case Kind::kAdminPrincipal: return row.admin_enabled;
    default: return row.admin_deny_only;
  }
}

std::string ExpectedSetToken(const Point& point) {
  if (std::string(point.level.verdict) != "ok") return point.level.verdict;
  if (point.lent == Kind::kWithoutIdentity) return "filtered_token_has_no_identity";
  return ExpectedRule(point, point.lent);
}

std::string ExpectedSetFlags(const Point& point) {
  if (std::string(point.flags.verdict) != "ok") return point.flags.verdict;
  return ExpectedRule(point, point.current);
}

std::string Expected(const Point& point, TokenCall call) {
  if (std::string(point.state.verdict) != "ok") return point.state.verdict;
  if (call == TokenCall::kSetHelperToken) return ExpectedSetToken(point);
  if (call == TokenCall::kSetHelperTokenFlags) return ExpectedSetFlags(point);
  return ExpectedRule(point, Kind::kNone);
}

// ---- What the functions say.

struct World {
  AccessToken acquirer;
  Sid owner;
  HandleFacts handle;
  JobFacts job;
  AccessToken current;
  AccessToken lent;
};

World Build(const Point& point) {
  World world;
  world.owner = point.system_owned ? kLocalSystemSid : kFetcher;
  world.acquirer = Acquirer(point, world.owner);
  world.handle.acquirer = world.acquirer.user;
  world.handle.acquired_as_owner = world.acquirer.user == world.owner;
  world.handle.acquired_as_enabled_administrator = world.acquirer.IsEnabledAdministrator();
  world.job = {point.state.state, point.elevated};
  world.current = Helper(point.current);
  world.lent = Helper(point.lent);
  world.lent.level = point.level.level;
  return world;
}

absl::Status Call(const Point& point, const World& world, TokenCall call) {
  const LentToken set{world.current, point.current == Kind::kAdminPrincipal};
  const LentToken* current = point.current == Kind::kNone ? nullptr : &set;
  switch (call) {
    case TokenCall::kSetHelperToken:
      return MaySetHelperToken(point.version, world.handle, world.job,
                               {world.lent, point.lent == Kind::kAdminPrincipal});
    case TokenCall::kSetHelperTokenFlags:
      return MaySetHelperTokenFlags(point.version, world.handle, world.job, current,
                                    point.flags.flags);
    default: return MayUseHandle(point.version, world.handle, world.job);
  }
}

/// The token that would be in use on the job if the call were allowed.
Kind InUse(const Point& point, TokenCall call) {
  return call == TokenCall::kSetHelperToken ? point.lent : point.current;
}

std::string Text(const Point& point, TokenCall call) {
  return testing::PrintToString(std::vector<int>{
             static_cast<int>(point.version), static_cast<int>(point.access.relation),
             point.access.filtered, point.elevated, point.system_owned,
             static_cast<int>(point.state.state), static_cast<int>(point.level.level),
             static_cast<int>(point.flags.flags), static_cast<int>(point.current),
             static_cast<int>(point.lent)}) +
         " call " + std::to_string(static_cast<int>(call));
}

void CheckPoint(const Point& point) {
  const World world = Build(point);
  ASSERT_EQ(Verdict(MayOpenJob(world.acquirer, world.owner, point.elevated)),
            ExpectedAccess(point));
  for (TokenCall call : kCalls) {
    const std::string verdict = Verdict(Call(point, world, call));
    ASSERT_EQ(verdict, Expected(point, call)) << Text(point, call);
    const bool changes =
        call == TokenCall::kSetHelperToken || call == TokenCall::kSetHelperTokenFlags;
    const Kind used = InUse(point, call);
    const bool admin = used == Kind::kAdminEnabled || used == Kind::kAdminPrincipal;
    ASSERT_FALSE(changes && verdict == "ok" && admin && !point.elevated) << Text(point, call);
  }
}

/// Every combination of what the acquirer, the job and the policy are.
template <typename Visit>
void ForEachSituation(const Visit& visit) {
  for (Version version : {Version::kWindows10_1607, Version::kWindows7}) {
    for (const AccessRow& access : kAccess) {
      for (bool elevated : {false, true}) {
        for (bool system_owned : {false, true}) {
          for (const StateRow& state : kStates) {
            visit(Point{version, access, elevated, system_owned, state, {}, {}, {}, {}});
          }
        }
      }
    }
  }
}

TEST(TokenRulesTest, EveryPointOfTheSpaceIsAsTheTablesSay) {
  size_t points = 0;
  ForEachSituation([&points](Point point) {
    for (const LevelRow& level : kLevels) {
      for (const FlagsRow& flags : kFlags) {
        for (Kind current : kCurrentTokens) {
          for (Kind lent : kNewTokens) {
            if (testing::Test::HasFatalFailure()) return;
            point.level = level;
            point.flags = flags;
            point.current = current;
            point.lent = lent;
            CheckPoint(point);
            ++points;
          }
        }
      }
    }
  });
  EXPECT_EQ(points, 2u * 8 * 2 * 2 * 9 * 4 * 8 * 5 * 5);
}

TEST(TokenRulesTest, TheTablesHaveARowForEverySituation) {
  for (Relation relation : kRelations) {
    for (bool elevated : {false, true}) {
      const auto is_row = [=](const RuleRow& row) {
        return row.acquired_as == relation && row.elevated == elevated;
      };
      EXPECT_EQ(std::count_if(std::begin(kWindows7Rules), std::end(kWindows7Rules), is_row), 1);
      EXPECT_EQ(
          std::count_if(std::begin(kWindows10_1607Rules), std::end(kWindows10_1607Rules), is_row),
          1);
    }
  }
}

// Presenting a handle that kFetcher acquired. Bound: to kAlice.
TEST(TokenRulesTest, AnUnboundHandleIsAcceptedFromEverybody) {
  const HandleFacts handle{kFetcher, true, false, std::nullopt};
  for (TokenCall call : kCalls) {
    EXPECT_EQ(Verdict(MayPresentHandle(handle, kFetcher, call)), "ok");
    EXPECT_EQ(Verdict(MayPresentHandle(handle, kMallory, call)), "ok");
  }
}

TEST(TokenRulesTest, ABoundHandleIsAcceptedFromItsAcquirerAndItsHelper) {
  const HandleFacts handle{kFetcher, true, false, kAlice};
  for (TokenCall call : kCalls) {
    const bool flags = call == TokenCall::kSetHelperTokenFlags;
    EXPECT_EQ(Verdict(MayPresentHandle(handle, kFetcher, call)), "ok");
    EXPECT_EQ(Verdict(MayPresentHandle(handle, kAlice, call)),
              flags ? "helper_cannot_change_flags" : "ok");
    EXPECT_EQ(Verdict(MayPresentHandle(handle, kMallory, call)), "handle_bound_to_another");
    EXPECT_EQ(Verdict(MayPresentHandle(handle, kRoot, call)), "handle_bound_to_another");
  }
}

TEST(TokenRulesTest, AnAcquirerThatIsItsOwnHelperMayChangeFlags) {
  const HandleFacts handle{kFetcher, true, false, kFetcher};
  EXPECT_EQ(Verdict(MayPresentHandle(handle, kFetcher, TokenCall::kSetHelperTokenFlags)), "ok");
  EXPECT_EQ(Verdict(MayPresentHandle(handle, kAlice, TokenCall::kSetHelperToken)),
            "handle_bound_to_another");
}

}  // namespace
}  // namespace bitsd::policy
