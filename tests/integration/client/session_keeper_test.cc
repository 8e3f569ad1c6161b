// How a LogonSession keeps itself alive, and what it does when that fails: against a service that
// does what is wanted of it.

#include <chrono>
#include <future>
#include <memory>
#include <optional>

#include "bitsd/client/async_client.h"
#include "bitsd/client/logon_session.h"
#include "gmock/gmock.h"
#include "tests/integration/client/call_fixture.h"
#include "tests/testing/wait.h"

namespace bits {
namespace {

using bitsd::tests::WaitFor;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class SessionKeeperTest : public ClientCallTest {
 protected:
  LogonSession LoggedOn() {
    LogonOptions options;
    options.on_lost = [this](const absl::Status& why) {
      why_ = why;
      ++losses_;
    };
    options.logoff_deadline = milliseconds(500);
    return *LogonSession::Logon(Connected(), std::move(options));
  }

  absl::Status why_;  ///< Read once losses_ says so.
  std::atomic<int> losses_ = 0;
};

TEST_F(SessionKeeperTest, TheSessionIsRenewedForAsLongAsTheObjectLivesAndThenLoggedOff) {
  sessions_.ttl = 1;
  {
    const LogonSession session = LoggedOn();
    EXPECT_EQ(session.id(), kSessionId);
    EXPECT_EQ(session.sid(), kAlice);
    EXPECT_TRUE(WaitFor([&] { return sessions_.streams >= 3; })) << "it outlives its ttl";
    EXPECT_TRUE(session.status().ok()) << session.status();
    EXPECT_EQ(sessions_.logoffs, 0);
  }
  EXPECT_EQ(sessions_.logoffs, 1);
  EXPECT_EQ(losses_, 0);
}

TEST_F(SessionKeeperTest, ABrokenStreamIsOpenedAgain) {
  sessions_.broken_streams = 3;
  const LogonSession session = LoggedOn();
  EXPECT_TRUE(WaitFor([&] { return sessions_.renewals == 1; }));
  EXPECT_EQ(sessions_.streams, 4);
  EXPECT_TRUE(WaitFor([&] {
    return session.expire_time() == std::chrono::system_clock::time_point(seconds(1));
  })) << "the service says when it ends";
  EXPECT_TRUE(session.status().ok());
}

TEST_F(SessionKeeperTest, WhatTheServiceHasEndedIsLostAndSaidOnce) {
  sessions_.ended = true;
  {
    LogonSession session = LoggedOn();
    EXPECT_TRUE(WaitFor([&] { return losses_ > 0; }));
    EXPECT_TRUE(absl::IsFailedPrecondition(why_)) << why_;
    EXPECT_EQ(session.status(), why_);
    EXPECT_EQ(session.Logoff(), why_);
  }
  EXPECT_EQ(losses_, 1);
  EXPECT_EQ(sessions_.streams, 1) << "nothing is tried any more";
  EXPECT_EQ(sessions_.logoffs, 0) << "there is nothing left to log off";
}

TEST_F(SessionKeeperTest, ASessionThatRanOutWithoutContactIsLost) {
  sessions_.ttl = 1;
  sessions_.renews = false;  // The service hangs, and its connection stands.
  const auto begin = Clock::now();
  const LogonSession session = LoggedOn();
  EXPECT_TRUE(WaitFor([&] { return losses_ > 0; }));
  EXPECT_GE(Clock::now() - begin, seconds(1)) << "it might have been kept";
  EXPECT_TRUE(absl::IsUnavailable(why_)) << why_;
  EXPECT_THAT(std::string(why_.message()), HasSubstr("run out without contact"));
}

TEST_F(SessionKeeperTest, LogoffSaysHowItWentAndIsNoLoss) {
  LogonSession session = LoggedOn();
  EXPECT_TRUE(session.Logoff().ok());
  EXPECT_TRUE(session.Logoff().ok()) << "it was sent once";
  EXPECT_EQ(sessions_.logoffs, 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(session.status()));
  EXPECT_EQ(losses_, 0);
}

TEST_F(SessionKeeperTest, ADetachedSessionIsNotLoggedOff) {
  {
    LogonSession session = LoggedOn();
    session.Detach();
    EXPECT_FALSE(session.status().ok());
  }
  EXPECT_EQ(sessions_.logoffs, 0);
  EXPECT_EQ(losses_, 0);
}

TEST_F(SessionKeeperTest, TheDestructorWaitsNoLongerThanItMay) {
  sessions_.slow_logoff = true;
  std::optional<LogonSession> session(LoggedOn());
  const auto begin = Clock::now();
  session.reset();
  EXPECT_LT(Clock::now() - begin, seconds(5));
  EXPECT_EQ(sessions_.logoffs, 1);
}

TEST_F(SessionKeeperTest, AnOtherSessionInItsPlaceLogsTheOldOneOff) {
  LogonSession session = LoggedOn();
  session = LoggedOn();
  EXPECT_EQ(sessions_.logoffs, 1);
  EXPECT_TRUE(session.status().ok());
}

TEST_F(SessionKeeperTest, OnLostMayDestroyTheSession) {
  sessions_.broken_streams = 1;  // The session is in its place before it is lost.
  sessions_.ended = true;
  auto session = std::make_shared<std::optional<LogonSession>>();
  std::promise<void> gone;
  LogonOptions options;
  options.on_lost = [session, &gone](const absl::Status&) {
    session->reset();
    gone.set_value();
  };
  session->emplace(*LogonSession::Logon(Connected(), std::move(options)));
  EXPECT_EQ(gone.get_future().wait_for(bitsd::tests::kPatience), std::future_status::ready);
}

// gRPC 1.51 aborts when its last connection ends on a callback's thread.
TEST_F(SessionKeeperTest, ASessionMayEndInTheCallbackOfACall) {
  std::promise<void> gone;
  {
    auto client = std::make_unique<Client>(Connected());
    auto session = std::make_shared<LogonSession>(*LogonSession::Logon(*client));
    const AsyncClient async(*client->InSession(*session));
    client.reset();
    async.GetServerInfo({}, [session, &gone](const auto& answer) mutable {
      EXPECT_TRUE(answer.ok());
      session.reset();
      gone.set_value();
    });
  }
  EXPECT_EQ(gone.get_future().wait_for(bitsd::tests::kPatience), std::future_status::ready);
  EXPECT_TRUE(WaitFor([&] { return sessions_.logoffs == 1; }));
}

TEST_F(SessionKeeperTest, CallsOfAClientInTheSessionNameItAndNoOthersDo) {
  flaky_.failures = 2;
  const Client client = Connected();
  const LogonSession session = LoggedOn();
  const auto inside = client.InSession(session)->GetServerInfo();
  EXPECT_EQ(flaky_.calls, 3) << "it was repeated";
  EXPECT_THAT(inside->ShortDebugString(), HasSubstr("bits-session-id=" + session.id()));
  EXPECT_THAT(client.GetServerInfo()->ShortDebugString(), Not(HasSubstr("bits-session-id")));
}

TEST_F(SessionKeeperTest, ALogonIsMadeInNoSession) {
  ClientOptions options = Options();
  options.session_id = "an-ended-one";
  const auto session = LogonSession::Logon(*Client::Connect(options));
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_FALSE(sessions_.logon_in_a_session) << "the ended one would be in the way";
}

TEST_F(SessionKeeperTest, AnotherIdentitysSessionIsRefusedBeforeAnythingIsSent) {
  ASSERT_TRUE(cli::IssueClient(folder_.path(), "mallory", "S-1-5-21-1-2-3-1666", 1).ok());
  const auto mallory = *LoadIdentity(Path("mallory.crt"), Path("mallory.key"), Path("ca.crt"));
  const LogonSession session = LoggedOn();
  const auto token = ImpersonationToken::Create(mallory);
  EXPECT_TRUE(absl::IsInvalidArgument(token->InSession(session).status()));
  ClientOptions options = Options();
  options.identity = mallory;
  EXPECT_TRUE(absl::IsInvalidArgument(Client::Connect(options)->InSession(session).status()));
}

// It becomes metadata, and gRPC ends the program when that is not printable.
TEST_F(SessionKeeperTest, ASessionIdThatIsNoUuidIsRefused) {
  sessions_.session_id = "a\nb";
  EXPECT_TRUE(absl::IsInternal(LogonSession::Logon(Connected()).status()));
}

TEST_F(SessionKeeperTest, TimesThatNobodyHasAreHarmless) {
  sessions_.ttl = INT64_MAX;
  const LogonSession session = LoggedOn();
  EXPECT_TRUE(WaitFor([&] { return sessions_.renewals > 0; }));
  EXPECT_TRUE(session.status().ok());
}

}  // namespace
}  // namespace bits
