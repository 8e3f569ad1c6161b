// Logon sessions over a real store: how they open, last, end, and come back after a restart.

#include "server/session/session_table.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"
#include "server/store/memory_store.h"
#include "tests/testing/fault_store.h"
#include "tests/testing/manual_clock.h"
#include "tests/testing/memory_audit.h"
#include "tests/testing/reply.h"
#include "tests/testing/wait.h"
#include "tests/unit/policy_testing.h"

namespace bitsd {
namespace {

using policy::kAlice;
using policy::kMallory;
using policy::kRoot;
using policy::TokenOf;

bool Always() { return true; }

class SessionTableTest : public testing::Test {
 protected:
  ~SessionTableTest() override {
    store_.ReleaseAll();
    timer_.Stop();
  }

  SessionTable& table() {
    if (table_ == nullptr) {
      table_ = std::make_unique<SessionTable>(SessionTable::Deps{store_, audit_, clock_, timer_},
                                              limits_);
    }
    return *table_;
  }

  /// Another process on the same store.
  SessionTable& Restart() {
    table_ = nullptr;
    std::vector<SessionRecord> records;
    EXPECT_TRUE(memory_
                    .Load({[](const JobRecordPtr&) {}, [](const RequestRecord&) {},
                           [&](const SessionRecord& record) { records.push_back(record); }})
                    .ok());
    for (const SessionRecord& record : records) table().Restore(record);
    return table();
  }

  Reply<absl::StatusOr<SessionPtr>> Begin(const AccessToken& caller,
                                          std::optional<absl::Duration> ttl = std::nullopt) {
    Reply<absl::StatusOr<SessionPtr>> reply;
    EXPECT_TRUE(table().Logon(caller, ttl, Always, reply.Callback()));
    return reply;
  }
  SessionPtr Logon(const Sid& user, std::optional<absl::Duration> ttl = std::nullopt) {
    return *Begin(TokenOf(user), ttl).Get();
  }
  absl::Status Logoff(const AccessToken& caller, std::optional<SessionId> id) {
    Reply<absl::Status> reply;
    table().Logoff(caller, id, reply.Callback());
    return reply.Get();
  }
  std::string Use(const Sid& user, const SessionPtr& session) {
    return policy::Verdict(table().ForCall(TokenOf(user), session->id()).status());
  }
  size_t Stored() {
    size_t count = 0;
    EXPECT_TRUE(memory_
                    .Load({[](const JobRecordPtr&) {}, [](const RequestRecord&) {},
                           [&](const SessionRecord&) { ++count; }})
                    .ok());
    return count;
  }

  ManualClock clock_;
  MemoryAudit audit_;
  MemoryStore memory_;
  FaultStore store_{memory_};
  Timer timer_;
  policy::SessionLimits limits_;
  std::unique_ptr<SessionTable> table_;
};

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

TEST_F(SessionTableTest, ALeaseRunsOutUnlessItIsRenewed) {
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

TEST_F(SessionTableTest, NothingKeepsALeaseBeyondItsLastEnd) {
  const SessionPtr session = Logon(kAlice, absl::Hours(24));
  const absl::Time end = clock_.Now() + limits_.max_life;
  while (clock_.Now() + absl::Hours(20) < end) {
    clock_.Advance(absl::Hours(20));
    EXPECT_LE(*table().Renew(session), end);
  }
  clock_.Advance(end - clock_.Now());
  EXPECT_FALSE(table().Renew(session).ok());
}

TEST_F(SessionTableTest, ADeadlineEndsASessionByItselfAndRunsWhatHangsOnIt) {
  limits_.min_ttl = absl::Milliseconds(30);
  clock_.FollowTheSystem();
  const SessionPtr session = Logon(kAlice, absl::Milliseconds(30));
  std::atomic<bool> ended = false;
  const Attachment hold(
      session, [&](std::string_view reason, const SettlementPtr&) { ended = reason == "expired"; });
  EXPECT_TRUE(tests::WaitFor([&] { return ended.load(); }));
  EXPECT_TRUE(tests::WaitFor([&] { return Stored() == 0; }));
  EXPECT_EQ(table().Of(kAlice), nullptr);
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

TEST_F(SessionTableTest, ARestartEndsNoSessionBeforeItsTime) {
  const SessionPtr lease = Logon(kAlice, absl::Minutes(10));
  const SessionId standard = table().Default(kMallory)->id();
  for (int i = 0; i < 59; ++i) {
    clock_.Advance(absl::Seconds(1));
    ASSERT_TRUE(table().Renew(lease).ok());
    table().Default(kMallory);
  }
  const absl::Time deadline = lease->deadline();
  Restart();
  EXPECT_EQ(table().Default(kMallory)->id(), standard);
  clock_.Advance(deadline - clock_.Now() - absl::Seconds(1));
  EXPECT_EQ(Use(kAlice, lease), "ok");
  EXPECT_NE(table().Of(kAlice), nullptr);
  clock_.Advance(absl::Minutes(1) + absl::Seconds(1));
  EXPECT_EQ(Use(kAlice, lease), "ERROR_NOT_LOGGED_ON");
}

TEST_F(SessionTableTest, ARestartRevivesNoSessionThatEnded) {
  const SessionPtr off = Logon(kAlice);
  const SessionPtr out = Logon(kAlice, absl::Seconds(30));
  ASSERT_TRUE(Logoff(TokenOf(kAlice), off->id()).ok());
  clock_.Advance(absl::Minutes(2));
  Restart();
  EXPECT_TRUE(table().List(std::nullopt).empty());
  EXPECT_EQ(Use(kAlice, out), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(Stored(), 0u) << "what is over is taken out of the store";
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
  SettlementPtr held;
  const Attachment hold(session, [&](std::string_view reason, const SettlementPtr& settlement) {
    EXPECT_EQ(reason, "logoff");
    held = settlement;
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
                        [&](std::string_view, const SettlementPtr&) { ++ended; });
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

TEST_F(SessionTableTest, WhereALogonIsRequiredThereAreNoDefaultSessions) {
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
  const Attachment hold(session, [&](std::string_view reason, const SettlementPtr&) {
    discarded += reason == "groups_changed" ? 1 : 0;
  });
  const Attachment presence(table().Of(kAlice),
                            [&](std::string_view, const SettlementPtr&) { ++absent; });
  table().RefreshOf(kAlice, "groups_changed");
  EXPECT_EQ(discarded, 1);
  EXPECT_EQ(absent, 0) << "its owner did not log off";
  EXPECT_FALSE(Attachment(session, [](std::string_view, const SettlementPtr&) {}).holds())
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
        const Attachment hold(session, [](std::string_view, const SettlementPtr&) {});
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
