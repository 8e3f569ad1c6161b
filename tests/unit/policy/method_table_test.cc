#include "server/policy/method_table.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

enum class Who { kPeer, kIdentity, kAdministrator, kNobody };

struct Method {
  const char* path;
  Who who;
};

constexpr Method kMethods[] = {
    {"/grpc.health.v1.Health/Check", Who::kPeer},
    {"/grpc.health.v1.Health/Watch", Who::kPeer},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Who::kIdentity},
    {"/grpc.channelz.v1.Channelz/GetServers", Who::kAdministrator},
    {"/grpc.channelz.v1.Channelz/GetTopChannels", Who::kAdministrator},
    {"/bits.v1.BackgroundCopyManager/CreateJob", Who::kIdentity},
    {"/bits.v1.BackgroundCopyManager/GetJob", Who::kIdentity},
    {"/bits.v1.BackgroundCopyManager/ListJobs", Who::kIdentity},
    {"/bits.v1.BackgroundCopyManager/WatchJobs", Who::kIdentity},
    {"/bits.v1.BackgroundCopyManager/GetErrorDescription", Who::kIdentity},
    {"/bits.v1.BackgroundCopyManager/GetServerInfo", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/QueryInterface", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/Release", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/AddFileSet", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/ListFiles", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/UpdateJob", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/Suspend", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/Resume", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/Cancel", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/Complete", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/SetCredentials", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/RemoveCredentials", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/SetClientCertificate", Who::kIdentity},
    {"/bits.v1.BackgroundCopyJob/RemoveClientCertificate", Who::kIdentity},
    {"/bits.v1.BitsTokenOptions/SetHelperTokenFlags", Who::kIdentity},
    {"/bits.v1.BitsTokenOptions/GetHelperTokenFlags", Who::kIdentity},
    {"/bits.v1.BitsTokenOptions/SetHelperToken", Who::kIdentity},
    {"/bits.v1.BitsTokenOptions/ClearHelperToken", Who::kIdentity},
    {"/bits.v1.BitsTokenOptions/GetHelperTokenSid", Who::kIdentity},
    {"", Who::kNobody},
    {"/", Who::kNobody},
    {"*", Who::kNobody},
    {"/bits.v1.BitsTokenOptions", Who::kNobody},
    {"/bits.v1.BitsTokenOptions/", Who::kNobody},
    {"/bits.v1.BitsTokenOptions/Explain", Who::kNobody},
    {"/bits.v1.BitsTokenOptions/SetHelperTokenX", Who::kNobody},
    {"/bits.v1.BackgroundCopyJob/TakeOwnership", Who::kNobody},
    {"/bits.v1.Sessions/Logon", Who::kIdentity},
    {"/bits.v1.Sessions/KeepAlive", Who::kIdentity},
    {"/bits.v1.Sessions/Logoff", Who::kIdentity},
    {"/bits.v1.Sessions/ListSessions", Who::kIdentity},
    {"/bits.v1.Sessions/Login", Who::kNobody},
    {"/BITS.V1.BackgroundCopyJob/Resume", Who::kNobody},
    {"//bits.v1.BackgroundCopyJob/Resume", Who::kNobody},
    {"bits.v1.BackgroundCopyJob/Resume", Who::kNobody},
    {"/grpc.health.v1.Health/List", Who::kNobody},
    {"/grpc.health.v1.Health/Check/", Who::kNobody},
    {"/grpc.channelz.v1.Channelz/", Who::kNobody},
    {"/grpc.channelz.v1.Channelz/Get/Servers", Who::kNobody},
    {"/grpc.channelz.v1.ChannelzX/GetServers", Who::kNobody},
    {"/grpc.reflection.v1alpha.ServerReflectionX/ServerReflectionInfo", Who::kNobody},
};

struct Verdicts {
  const char* refused_identity;
  const char* anonymous;
  const char* identify;
  const char* filtered_administrator;
  const char* administrator;
};

Verdicts Expected(Who who) {
  constexpr const char* kDenied = "method_denied";
  constexpr const char* kRefused = "UNAUTHENTICATED";
  switch (who) {
    case Who::kPeer: return {"ok", "ok", "ok", "ok", "ok"};
    case Who::kIdentity: return {kRefused, kDenied, "ok", "ok", "ok"};
    case Who::kAdministrator: return {kRefused, kDenied, kDenied, kDenied, "ok"};
    case Who::kNobody: break;
  }
  return {kRefused, kDenied, kDenied, kDenied, kDenied};
}

AccessToken AtLevel(AccessToken token, ImpersonationLevel level) {
  token.level = level;
  return token;
}

std::string CallAs(const char* path, const AccessToken& token) {
  return Verdict(MayCall(path, &token, absl::OkStatus()));
}

TEST(MethodTableTest, EveryMethodAdmitsWhomTheTableNames) {
  const AccessToken administrator = TokenOf(kRoot, Admin::kEnabled);
  for (const Method& method : kMethods) {
    SCOPED_TRACE(method.path);
    const Verdicts expected = Expected(method.who);
    EXPECT_EQ(Verdict(MayCall(method.path, nullptr, error::Unauthenticated("no SID"))),
              expected.refused_identity);
    EXPECT_EQ(CallAs(method.path, AtLevel(administrator, ImpersonationLevel::kAnonymous)),
              expected.anonymous);
    EXPECT_EQ(CallAs(method.path, AtLevel(TokenOf(kAlice), ImpersonationLevel::kIdentify)),
              expected.identify);
    EXPECT_EQ(CallAs(method.path, TokenOf(kRoot, Admin::kDenyOnly)),
              expected.filtered_administrator);
    EXPECT_EQ(CallAs(method.path, AtLevel(administrator, ImpersonationLevel::kIdentify)),
              expected.administrator);
  }
}

TEST(MethodTableTest, TheRefusalIsPassedOnAsItIs) {
  const absl::Status refusal = error::Unauthenticated("the certificate has two SIDs");
  EXPECT_EQ(MayCall("/bits.v1.BackgroundCopyManager/GetJob", nullptr, refusal), refusal);
}

TEST(MethodTableTest, NoTokenAndNoRefusalIsRefused) {
  EXPECT_EQ(Verdict(MayCall("/bits.v1.BackgroundCopyManager/GetJob", nullptr, absl::OkStatus())),
            "UNAUTHENTICATED");
}

TEST(MethodTableTest, ATokenDoesNotOutweighARefusal) {
  const AccessToken token = TokenOf(kRoot, Admin::kEnabled);
  EXPECT_EQ(Verdict(MayCall("/bits.v1.BackgroundCopyManager/GetJob", &token,
                            error::Unauthenticated("account disabled"))),
            "UNAUTHENTICATED");
}

TEST(MethodTableTest, EveryRowIsNeededOnceAndTested) {
  std::set<const MethodRow*> used;
  for (const Method& method : kMethods) used.insert(FindMethodRow(method.path));
  used.erase(nullptr);
  EXPECT_EQ(used.size(), AllMethodRows().size());
}

}  // namespace
}  // namespace bitsd::policy
