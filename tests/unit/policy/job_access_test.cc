#include "server/policy/job_access.h"

#include "gtest/gtest.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

// Who may open which job. A filtered caller has the administrators SID deny-only.
struct Row {
  bool is_owner;
  Admin admin;
  const char* plain_job;
  const char* elevated_job;
  const char* system_job;           ///< The owner is S-1-5-18, the job is not elevated.
  const char* elevated_system_job;  ///< The owner is S-1-5-18, the job is elevated.
};

constexpr Row kTable[] = {
    // owner? admin             plain         elevated        system        elevated system
    {true, Admin::kNone, "ok", "elevated_job", "ok", "elevated_job"},
    {true, Admin::kDenyOnly, "ok", "elevated_job", "ok", "elevated_job"},
    {true, Admin::kEnabled, "ok", "ok", "ok", "ok"},
    {false, Admin::kNone, "job_access", "job_access", "job_access", "job_access"},
    {false, Admin::kDenyOnly, "job_access", "job_access", "job_access", "job_access"},
    {false, Admin::kEnabled, "ok", "ok", "system_job", "system_job"},
};

std::string Open(const Row& row, const Sid& owner, bool elevated) {
  return Verdict(MayOpenJob(TokenOf(row.is_owner ? owner : kMallory, row.admin), owner, elevated));
}

TEST(JobAccessTest, TheTableHolds) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(testing::Message()
                 << "owner " << row.is_owner << " admin " << static_cast<int>(row.admin));
    EXPECT_EQ(Open(row, kFetcher, false), row.plain_job);
    EXPECT_EQ(Open(row, kFetcher, true), row.elevated_job);
    EXPECT_EQ(Open(row, kLocalSystemSid, false), row.system_job);
    EXPECT_EQ(Open(row, kLocalSystemSid, true), row.elevated_system_job);
  }
}

TEST(JobAccessTest, OtherServiceIdentitiesHaveNoSpecialJobs) {
  EXPECT_EQ(Verdict(MayOpenJob(TokenOf(kRoot, Admin::kEnabled), kNetworkServiceSid, false)), "ok");
  EXPECT_EQ(Verdict(MayOpenJob(TokenOf(kRoot, Admin::kEnabled), kLocalServiceSid, true)), "ok");
}

TEST(JobAccessTest, AGroupThatIsEnabledAndDenyOnlyIsDenyOnly) {
  AccessToken token = TokenOf(kRoot);
  token.groups = {{kAdministratorsSid, kGroupEnabled | kGroupUseForDenyOnly}};
  EXPECT_EQ(Verdict(MayOpenJob(token, kFetcher, false)), "job_access");
}

TEST(JobAccessTest, AllUsersIsForEnabledAdministrators) {
  EXPECT_EQ(Verdict(MaySeeAllUsers(TokenOf(kRoot, Admin::kEnabled))), "ok");
  EXPECT_EQ(Verdict(MaySeeAllUsers(TokenOf(kRoot, Admin::kDenyOnly))), "all_users");
  EXPECT_EQ(Verdict(MaySeeAllUsers(TokenOf(kFetcher))), "all_users");
}

TEST(JobAccessTest, WhoMayOpenAJobLearnsThatItCannotBeRead) {
  for (const AccessToken& caller :
       {TokenOf(kFetcher), TokenOf(kMallory), TokenOf(kRoot), TokenOf(kRoot, Admin::kEnabled),
        TokenOf(kRoot, Admin::kDenyOnly), TokenOf(kLocalSystemSid, Admin::kEnabled)}) {
    for (const Sid& owner : {kFetcher, kRoot, kLocalSystemSid}) {
      for (const bool elevated : {false, true}) {
        EXPECT_EQ(MaySeeSetAside(caller, owner, elevated),
                  MayOpenJob(caller, owner, elevated).ok());
      }
      EXPECT_EQ(MaySeeSetAside(caller, owner, std::nullopt), MayOpenJob(caller, owner, true).ok());
    }
    EXPECT_EQ(MaySeeSetAside(caller, std::nullopt, false),
              MayOpenJob(caller, kLocalSystemSid, false).ok());
  }
}

TEST(JobAccessTest, AJobIsElevatedWhenAnEnabledAdministratorCreatesIt) {
  EXPECT_TRUE(IsElevatedCreation(TokenOf(kRoot, Admin::kEnabled)));
  EXPECT_FALSE(IsElevatedCreation(TokenOf(kRoot, Admin::kDenyOnly)));
  EXPECT_FALSE(IsElevatedCreation(TokenOf(kFetcher)));
}

TEST(JobAccessTest, AdministratorsAndServicesAreExemptFromLimits) {
  AccessToken service = TokenOf(kFetcher);
  service.service = true;
  EXPECT_TRUE(IsExemptFromLimits(service));
  EXPECT_TRUE(IsExemptFromLimits(TokenOf(kNetworkServiceSid)));
  EXPECT_TRUE(IsExemptFromLimits(TokenOf(kRoot, Admin::kEnabled)));
  EXPECT_FALSE(IsExemptFromLimits(TokenOf(kRoot, Admin::kDenyOnly)));
  EXPECT_FALSE(IsExemptFromLimits(TokenOf(kFetcher)));
}

}  // namespace
}  // namespace bitsd::policy
