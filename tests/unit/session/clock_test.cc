// How long logon sessions last, by the wall clock and by the time that passes: a clock that is set
// back prolongs nothing.

#include <atomic>

#include "tests/testing/wait.h"
#include "tests/unit/session/session_fixture.h"

namespace bitsd {
namespace {

class SessionClockTest : public SessionFixture {};

TEST_F(SessionClockTest, ALeaseRunsOutUnlessItIsRenewed) {
  const SessionPtr kept = Logon(kAlice, absl::Seconds(30));
  const SessionPtr left = Logon(kAlice, absl::Seconds(30));
  clock_.Advance(absl::Seconds(20));
  EXPECT_EQ(*table().Renew(kept), clock_.Now() + absl::Seconds(30));
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Use(kAlice, left), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(table().List(kAlice), std::vector{kept});
  EXPECT_EQ(Use(kAlice, kept), "ok") << "and calls do not renew it:";
  clock_.Advance(absl::Seconds(20));
  EXPECT_EQ(policy::Verdict(table().Renew(kept).status()), "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionClockTest, NothingKeepsALeaseBeyondItsLastEnd) {
  const SessionPtr session = Logon(kAlice, absl::Hours(24));
  const absl::Time end = clock_.Now() + limits_.max_life;
  while (clock_.Now() + absl::Hours(20) < end) {
    clock_.Advance(absl::Hours(20));
    EXPECT_LE(*table().Renew(session), end);
  }
  clock_.Advance(end - clock_.Now());
  EXPECT_FALSE(table().Renew(session).ok());
}

TEST_F(SessionClockTest, ADeadlineEndsASessionByItselfAndRunsWhatHangsOnIt) {
  limits_.min_ttl = absl::Milliseconds(30);
  clock_.FollowTheSystem();
  const SessionPtr session = Logon(kAlice, absl::Milliseconds(30));
  std::atomic<bool> ended = false;
  const Attachment hold(
      session, [&](std::string_view reason, const WaitGroupPtr&) { ended = reason == "expired"; });
  EXPECT_TRUE(tests::WaitFor([&] { return ended.load(); }));
  EXPECT_TRUE(tests::WaitFor([&] { return Stored() == 0; }));
  EXPECT_EQ(table().Of(kAlice), nullptr);
}

TEST_F(SessionClockTest, ALeaseRunsOutThoughTheClockWasSetBack) {
  const SessionPtr left = Logon(kAlice, absl::Seconds(30));
  const SessionPtr kept = Logon(kAlice, absl::Seconds(30));
  clock_.Advance(-absl::Hours(24));
  steady_.Advance(absl::Seconds(20));
  EXPECT_EQ(Use(kAlice, left), "ok");
  ASSERT_TRUE(table().Renew(kept).ok());
  steady_.Advance(absl::Seconds(10));
  EXPECT_EQ(Use(kAlice, left), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(table().List(kAlice), std::vector{kept});
  steady_.Advance(absl::Seconds(20));
  EXPECT_FALSE(table().Renew(kept).ok());
}

TEST_F(SessionClockTest, NothingKeepsALeaseBeyondItsLastEndThoughTheClockIsSetBack) {
  const SessionPtr session = Logon(kAlice, absl::Hours(24));
  for (absl::Duration passed; passed + absl::Hours(20) < limits_.max_life;
       passed += absl::Hours(20)) {
    steady_.Advance(absl::Hours(20));
    clock_.Advance(-absl::Hours(1));
    ASSERT_TRUE(table().Renew(session).ok());
  }
  steady_.Advance(absl::Hours(20));
  EXPECT_FALSE(table().Renew(session).ok());
}

TEST_F(SessionClockTest, ADeadlineEndsASessionByItselfThoughTheClockWasSetBack) {
  limits_.min_ttl = absl::Milliseconds(100);
  steady_.FollowTheSystem();
  const SessionPtr session = Logon(kAlice, absl::Milliseconds(100));
  clock_.Advance(-absl::Hours(24));
  EXPECT_TRUE(tests::WaitFor([&] { return !session->is_open(); }));
}

TEST_F(SessionClockTest, AClockSetBackWhileBitsdWasDownGivesNoMoreThanAWholeLease) {
  const SessionPtr lease = Logon(kAlice, absl::Minutes(10));
  clock_.Advance(-absl::Hours(24));
  Restart();
  EXPECT_EQ(Use(kAlice, lease), "ok");
  steady_.Advance(absl::Minutes(11));
  EXPECT_EQ(Use(kAlice, lease), "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionClockTest, ADefaultSessionRunsOutThoughTheClockWasSetBack) {
  const SessionPtr session = table().Default(kAlice);
  clock_.Advance(-absl::Hours(24));
  steady_.Advance(limits_.default_idle - absl::Seconds(1));
  EXPECT_EQ(table().Default(kAlice), session);
  steady_.Advance(limits_.default_idle);
  EXPECT_NE(table().Default(kAlice), session);
}

}  // namespace
}  // namespace bitsd
