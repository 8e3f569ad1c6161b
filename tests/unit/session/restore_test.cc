// Which logon sessions a restart brings back, and which are taken out of the store.

#include "tests/testing/wait.h"
#include "tests/unit/session/session_fixture.h"

namespace bitsd {
namespace {

class SessionRestoreTest : public SessionFixture {};

TEST_F(SessionRestoreTest, ARestartEndsNoSessionBeforeItsTime) {
  const SessionPtr lease = Logon(kAlice, absl::Minutes(10));
  const SessionId standard = table().Default(kMallory)->id();
  for (int i = 0; i < 59; ++i) {
    clock_.Advance(absl::Seconds(1));
    ASSERT_TRUE(table().Renew(lease).ok());
    table().Default(kMallory);
  }
  const absl::Time deadline = lease->deadline().wall;
  Restart();
  EXPECT_EQ(table().Default(kMallory)->id(), standard);
  clock_.Advance(deadline - clock_.Now() - absl::Seconds(1));
  EXPECT_EQ(Use(kAlice, lease), "ok");
  EXPECT_NE(table().Of(kAlice), nullptr);
  clock_.Advance(absl::Minutes(1) + absl::Seconds(1));
  EXPECT_EQ(Use(kAlice, lease), "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionRestoreTest, ARestartLengthensAShortLeaseByAQuarterAtMost) {
  limits_.min_ttl = absl::Seconds(4);
  const SessionPtr lease = Logon(kAlice, absl::Seconds(4));
  const absl::Time deadline = lease->deadline().wall;
  Restart();
  clock_.Advance(deadline - clock_.Now() - absl::Milliseconds(100));
  EXPECT_EQ(Use(kAlice, lease), "ok");
  clock_.Advance(absl::Milliseconds(1100));
  EXPECT_EQ(Use(kAlice, lease), "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionRestoreTest, ARestartRevivesNoSessionThatEnded) {
  const SessionPtr off = Logon(kAlice);
  const SessionPtr out = Logon(kAlice, absl::Seconds(30));
  ASSERT_TRUE(Logoff(TokenOf(kAlice), off->id()).ok());
  clock_.Advance(absl::Minutes(2));
  Restart();
  EXPECT_TRUE(table().List(std::nullopt).empty());
  EXPECT_EQ(Use(kAlice, out), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(Stored(), 0u) << "what is over is taken out of the store";
}

TEST_F(SessionRestoreTest, RequireLogonLeavesAServiceAccountItsDefaultSession) {
  SetAccount(kMallory, true);
  const SessionId service = table().Default(kMallory)->id();
  table().Default(kAlice);
  limits_.require_logon = true;
  Restart();
  EXPECT_EQ(table().Default(kMallory)->id(), service) << "at a restart";
  EXPECT_EQ(table().Of(kAlice), nullptr);
  EXPECT_TRUE(tests::WaitFor([&] { return Stored() == 1; }));
  table().Reconfigure(limits_);
  EXPECT_EQ(table().Default(kMallory)->id(), service) << "at a reload, too";
}

TEST_F(SessionRestoreTest, ARestartRevivesNoSessionOfAnAccountThatIsGoneOrDisabled) {
  const Sid unknown{5, {21, 1, 2, 3, 4444}};
  Logon(kAlice);
  table().Default(kMallory);
  Logon(unknown);
  SetAccount(kAlice, false, true);
  SetAccount(kMallory, false, true);
  Restart();
  EXPECT_TRUE(table().List(std::nullopt).empty());
  EXPECT_TRUE(tests::WaitFor([&] { return Stored() == 0; }));
}

}  // namespace
}  // namespace bitsd
