// Logon sessions over a real store: who opens, uses and ends them, and what ends with them.

#include <atomic>
#include <thread>

#include "tests/testing/wait.h"
#include "tests/unit/session/session_fixture.h"

namespace bitsd {
namespace {

class SessionTableTest : public SessionFixture {};

TEST_F(SessionTableTest, ALogonIsAnsweredWhenItIsInTheStore) {
  store_.Hold();
  const auto reply = Begin(TokenOf(kAlice));
  EXPECT_FALSE(reply.ready());
  store_.ReleaseAll();
  EXPECT_TRUE(reply.Get().ok());
  EXPECT_EQ(Stored(), 1u);
}

TEST_F(SessionTableTest, ALogonTheStoreDoesNotTakeOpensNothing) {
  store_.Fail(error::DiskFull("no room"));
  EXPECT_EQ(DetailOf(Begin(TokenOf(kAlice)).Get().status()).hresult, Hresult::kDiskFull);
  EXPECT_EQ(table().Of(kAlice), nullptr);
  EXPECT_TRUE(table().List(std::nullopt).empty());
}

TEST_F(SessionTableTest, ASessionIsUsedByItsUserAndByNobodyElse) {
  const SessionPtr session = Logon(kAlice);
  EXPECT_EQ(Use(kAlice, session), "ok");
  EXPECT_EQ(Use(kMallory, session), "session_of_another");
  EXPECT_EQ(policy::Verdict(
                table().ForCall(TokenOf(kRoot, policy::Admin::kEnabled), session->id()).status()),
            "session_of_another");
  EXPECT_EQ(policy::Verdict(table().ForCall(TokenOf(kAlice), SessionId::Random()).status()),
            "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionTableTest, AnEndedSessionTellsAStrangerNoMoreThanOneThatNeverWas) {
  const SessionPtr session = Logon(kAlice);
  ASSERT_TRUE(Logoff(TokenOf(kAlice), session->id()).ok());
  EXPECT_EQ(Use(kMallory, session), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(Use(kAlice, session), "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionTableTest, ASeventeenthSessionIsRefusedAndADefaultOneDoesNotCount) {
  table().Default(kAlice);
  for (int i = 0; i < 15; ++i) Logon(kAlice);
  const SessionPtr last = Logon(kAlice);
  EXPECT_EQ(policy::Verdict(Begin(TokenOf(kAlice)).Get().status()), "E_OUTOFMEMORY");
  EXPECT_TRUE(Begin(TokenOf(kMallory)).Get().ok());
  ASSERT_TRUE(Logoff(TokenOf(kAlice), last->id()).ok());
  EXPECT_TRUE(Begin(TokenOf(kAlice)).Get().ok());
}

TEST_F(SessionTableTest, ADefaultSessionIsMadeOnceAndRenewedByCalls) {
  const SessionPtr session = *table().ForCall(TokenOf(kAlice), std::nullopt);
  clock_.Advance(limits_.default_idle - absl::Seconds(1));
  EXPECT_EQ(*table().ForCall(TokenOf(kAlice), std::nullopt), session);
  clock_.Advance(limits_.default_idle - absl::Seconds(1));
  EXPECT_EQ(*table().ForCall(TokenOf(kAlice), std::nullopt), session);
  clock_.Advance(limits_.default_idle);
  EXPECT_NE(*table().ForCall(TokenOf(kAlice), std::nullopt), session);
  EXPECT_FALSE(session->is_open());
  EXPECT_EQ(Stored(), 1u);
}

TEST_F(SessionTableTest, AnOpenStreamKeepsADefaultSession) {
  const SessionPtr session = table().Default(kAlice);
  auto use = std::make_unique<Session::Use>(session);
  clock_.Advance(2 * limits_.default_idle);
  EXPECT_EQ(table().Default(kAlice), session);
  use = nullptr;
  clock_.Advance(limits_.default_idle);
  EXPECT_NE(table().Default(kAlice), session);
}

TEST_F(SessionTableTest, CallsDoNotWriteTheStore) {
  table().Default(kAlice);
  const size_t commits = store_.commits();
  for (int i = 0; i < 10'000; ++i) table().Default(kAlice);
  EXPECT_EQ(store_.commits(), commits);
  clock_.Advance(absl::Minutes(1) + absl::Seconds(1));
  table().Default(kAlice);
  EXPECT_EQ(store_.commits(), commits + 1) << "at most once a minute";
}

TEST_F(SessionTableTest, LogoffHoldsAtOnceAndIsAnsweredWhenItIsStored) {
  const SessionPtr session = Logon(kAlice);
  store_.Hold();
  Reply<absl::Status> reply;
  table().Logoff(TokenOf(kAlice), session->id(), reply.Callback());
  EXPECT_FALSE(session->is_open());
  EXPECT_EQ(Use(kAlice, session), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(table().Of(kAlice), nullptr);
  EXPECT_FALSE(reply.ready());
  store_.ReleaseAll();
  EXPECT_TRUE(reply.Get().ok());
  EXPECT_EQ(Stored(), 0u);
}

TEST_F(SessionTableTest, LogoffWaitsForWhatHangsOnTheSession) {
  const SessionPtr session = Logon(kAlice);
  WaitGroupPtr held;
  const Attachment hold(session, [&](std::string_view reason, const WaitGroupPtr& wait_group) {
    EXPECT_EQ(reason, "logoff");
    held = wait_group;
  });
  Reply<absl::Status> reply;
  table().Logoff(TokenOf(kAlice), session->id(), reply.Callback());
  EXPECT_FALSE(reply.ready());
  held->Note(error::DiskFull("a job's change"));
  held = nullptr;
  EXPECT_EQ(DetailOf(reply.Get()).hresult, Hresult::kDiskFull);
}

TEST_F(SessionTableTest, ALogoffTheStoreDoesNotTakeStaysInForceAndIsTriedAgain) {
  clock_.FollowTheSystem();
  const SessionPtr session = Logon(kAlice);
  store_.Fail(error::DiskFull("no room"));
  EXPECT_EQ(DetailOf(Logoff(TokenOf(kAlice), session->id())).hresult, Hresult::kDiskFull);
  EXPECT_FALSE(session->is_open());
  EXPECT_EQ(Stored(), 1u);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(tests::WaitFor([&] { return Stored() == 0; }));
}

TEST_F(SessionTableTest, ARenewalUnderWayDoesNotReviveAnEndedSession) {
  const SessionPtr session = Logon(kAlice);
  clock_.Advance(absl::Minutes(2));
  store_.Hold();
  ASSERT_TRUE(table().Renew(session).ok());  // Its write waits.
  Reply<absl::Status> reply;
  table().Logoff(TokenOf(kAlice), session->id(), reply.Callback());
  EXPECT_FALSE(table().Renew(session).ok());
  store_.ReleaseAll();
  EXPECT_TRUE(reply.Get().ok());
  EXPECT_EQ(Stored(), 0u);
}

TEST_F(SessionTableTest, AWriteThatFailedIsNotTriedAgainBehindTheEndOfItsSession) {
  clock_.FollowTheSystem();
  store_.Hold();
  table().Default(kAlice);  // Its write waits.
  Reply<absl::Status> reply;
  table().Logoff(TokenOf(kAlice), std::nullopt, reply.Callback());
  ASSERT_TRUE(store_.ReleaseOne(error::DiskFull("no room")));
  store_.ReleaseAll();
  EXPECT_TRUE(reply.Get().ok());
  EXPECT_EQ(Stored(), 0u);
}

TEST_F(SessionTableTest, WhoMayEndASession) {
  const SessionPtr session = Logon(kAlice);
  EXPECT_EQ(policy::Verdict(Logoff(TokenOf(kMallory), session->id())), "session_of_another");
  EXPECT_TRUE(session->is_open());
  EXPECT_TRUE(Logoff(TokenOf(kRoot, policy::Admin::kEnabled), session->id()).ok());
  EXPECT_FALSE(session->is_open());
  EXPECT_EQ(policy::Verdict(Logoff(TokenOf(kAlice), session->id())), "BG_E_NOT_FOUND");
  EXPECT_EQ(audit_.Count("session_ended"), 1u);
}

TEST_F(SessionTableTest, LogoffWithoutAnIdEndsTheDefaultSessionIfThereIsOne) {
  const SessionPtr lease = Logon(kAlice);
  EXPECT_TRUE(Logoff(TokenOf(kAlice), std::nullopt).ok()) << "there is none";
  const SessionPtr standard = table().Default(kAlice);
  EXPECT_TRUE(Logoff(TokenOf(kAlice), std::nullopt).ok());
  EXPECT_FALSE(standard->is_open());
  EXPECT_TRUE(lease->is_open());
}

TEST_F(SessionTableTest, PresenceEndsWithTheLastSessionAndOnlyThen) {
  const SessionPtr lease = Logon(kAlice);
  table().Default(kAlice);
  int ended = 0;
  const Attachment hold(table().Of(kAlice),
                        [&](std::string_view, const WaitGroupPtr&) { ++ended; });
  ASSERT_TRUE(Logoff(TokenOf(kAlice), lease->id()).ok());
  EXPECT_EQ(ended, 0);
  ASSERT_TRUE(Logoff(TokenOf(kAlice), std::nullopt).ok());
  EXPECT_EQ(ended, 1);
}

TEST_F(SessionTableTest, WhoeverWaitsForALogonIsToldOnce) {
  int told = 0;
  EXPECT_TRUE(table().AwaitLogon(kAlice, [&] { ++told; }));
  Logon(kMallory);
  EXPECT_EQ(told, 0);
  Logon(kAlice);
  table().Default(kAlice);
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(table().AwaitLogon(kAlice, [&] { ++told; })) << "already there";
}

TEST_F(SessionTableTest, AnAccountThatIsNoServiceAnyMoreLosesItsDefaultSession) {
  SetAccount(kMallory, true);
  limits_.require_logon = true;
  const SessionPtr standard = table().Default(kMallory);
  const SessionPtr lease = Logon(kMallory);
  SetAccount(kMallory, false);
  table().RefreshOf(kMallory, "service_changed");
  EXPECT_EQ(table().List(kMallory).size(), 1u);
  EXPECT_EQ(Use(kMallory, lease), "ok");
  EXPECT_FALSE(standard->is_open());
}

TEST_F(SessionTableTest, WhereALogonIsRequiredThereAreNoDefaultSessions) {
  SetAccount(kMallory, true);
  AccessToken service = TokenOf(kMallory);
  service.service = true;
  const SessionPtr before = table().Default(kAlice);
  const SessionPtr of_service = *table().ForCall(service, std::nullopt);
  limits_.require_logon = true;
  table().Reconfigure(limits_);
  EXPECT_FALSE(before->is_open());
  EXPECT_TRUE(of_service->is_open());
  EXPECT_EQ(policy::Verdict(table().ForCall(TokenOf(kAlice), std::nullopt).status()),
            "ERROR_NOT_LOGGED_ON");
  EXPECT_TRUE(table().ForCall(service, std::nullopt).ok());
  EXPECT_EQ(Use(kAlice, Logon(kAlice)), "ok");
}

TEST_F(SessionTableTest, AChangedAccountKeepsItsSessionsAndLosesWhatHangsOnThem) {
  const SessionPtr session = Logon(kAlice);
  int discarded = 0;
  int absent = 0;
  const Attachment hold(session, [&](std::string_view reason, const WaitGroupPtr&) {
    discarded += reason == "groups_changed" ? 1 : 0;
  });
  const Attachment presence(table().Of(kAlice),
                            [&](std::string_view, const WaitGroupPtr&) { ++absent; });
  table().RefreshOf(kAlice, "groups_changed");
  EXPECT_EQ(discarded, 1);
  EXPECT_EQ(absent, 0) << "its owner did not log off";
  EXPECT_FALSE(Attachment(session, [](std::string_view, const WaitGroupPtr&) {}).holds())
      << "a call that began before attaches nothing";
  const auto after = table().ForCall(TokenOf(kAlice), session->id());
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE((*after)->is_open());
}

TEST_F(SessionTableTest, ALogonThatAReloadOvertookOpensNothing) {
  bool answered = false;
  EXPECT_FALSE(table().Logon(
      TokenOf(kAlice), std::nullopt, [] { return false; },
      [&](const absl::StatusOr<SessionPtr>&) { answered = true; }));
  EXPECT_FALSE(answered);
  EXPECT_EQ(table().Of(kAlice), nullptr);
}

TEST_F(SessionTableTest, HoweverManyCallsComeWhileTheStoreIsBusyASessionIsWrittenOnce) {
  store_.Hold();
  table().Default(kAlice);
  for (int i = 0; i < 1000; ++i) {
    clock_.Advance(absl::Minutes(2));
    table().Default(kAlice);
  }
  store_.ReleaseAll();
  EXPECT_TRUE(tests::WaitFor([&] { return store_.changes() == 2; })) << store_.changes();
}

TEST_F(SessionTableTest, LogoffsRenewalsAndCallsAtOnceLeaveNothingBehind) {
  table();  // Made here, not by whichever thread is first.
  clock_.FollowTheSystem();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const SessionPtr session = table().Default(kAlice);
        const Attachment hold(session, [](std::string_view, const WaitGroupPtr&) {});
        table().Renew(session).IgnoreError();
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) table().RefreshOf(kAlice, "groups_changed");
  });
  for (int i = 0; i < 300; ++i) {
    const SessionPtr session = Logon(kAlice);
    ASSERT_TRUE(Logoff(TokenOf(kAlice), session->id()).ok());
    // Another thread may have ended it: then it is not found.
    Logoff(TokenOf(kAlice), std::nullopt).IgnoreError();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  table().CloseOf(kAlice, "account_removed");
  EXPECT_EQ(table().Of(kAlice), nullptr);
  EXPECT_TRUE(table().List(std::nullopt).empty());
  EXPECT_TRUE(tests::WaitFor([&] { return Stored() == 0; }));
}

}  // namespace
}  // namespace bitsd
