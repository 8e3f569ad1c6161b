// What a logoff does to jobs: of the owner, and of whoever lent a token.

#include <atomic>
#include <thread>

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobLogonTest : public JobFixture {
 protected:
  Reply<absl::Status> Logoff(const Caller& caller) {
    Reply<absl::Status> reply;
    sessions_.Logoff(*caller.token, caller.session->id(), reply.Callback());
    return reply;
  }
  /// A job of `owner` with flags and alice's token that wants to run.
  JobId Lent(const Caller& owner, uint32_t flags = kTokenLocalFile) {
    const JobId id = Create(owner, "job", JobPriority::kForeground);
    const std::string handle = Handle(owner, id, kAlice);
    EXPECT_TRUE(SetFlags(owner, handle, flags).Get().ok());
    EXPECT_TRUE(SetToken(As(kAlice), handle).Get().ok());
    EXPECT_TRUE(AddFile(owner, id).ok());
    EXPECT_TRUE(Resume(owner, id).ok());
    return id;
  }
  JobView Seen(const JobId& id) { return View(As(kAdmin), id); }
  static Account ServiceOf(const Account& account) {
    Account service = account;
    service.service = true;
    return service;
  }
};

TEST_F(JobLogonTest, AJobWithoutATokenWaitsForItsOwnersLogonAndGoesOn) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const auto run = transfers_.last();
  ASSERT_TRUE(Logoff(fetcher).Get().ok());
  EXPECT_TRUE(run->stop_requested);
  EXPECT_EQ(Seen(id).state, JobState::kQueued);
  EXPECT_EQ(Seen(id).waiting_for, WaitingFor::kLogon);
  EXPECT_EQ(transfers_.runs().size(), 1u);
  As(kFetcher);
  EXPECT_EQ(transfers_.runs().size(), 2u);
  EXPECT_EQ(Seen(id).waiting_for, WaitingFor::kNothing);
}

TEST_F(JobLogonTest, LogoffReturnsWhenTheTransferHasStopped) {
  const Caller fetcher = As(kFetcher);
  Running(fetcher);
  transfers_.StopAtOnce(false);
  const auto run = transfers_.last();
  const auto reply = Logoff(fetcher);
  EXPECT_TRUE(run->stop_requested);
  EXPECT_FALSE(reply.ready());
  transfers_.EndStop(run);
  EXPECT_TRUE(reply.Get().ok());
}

TEST_F(JobLogonTest, ALentTokenIsGoneWhenLogoffReturnsAndNothingRunsUnderIt) {
  const Caller fetcher = As(kFetcher);
  for (const Sid& leaver : {kAlice, kFetcher}) {
    const JobId id = Lent(As(kFetcher));
    transfers_.StopAtOnce(false);
    const auto run = transfers_.last();
    ASSERT_EQ(run->download.local.sid, kAlice);
    const auto reply = Logoff(As(leaver));
    EXPECT_TRUE(run->stop_requested);
    EXPECT_FALSE(reply.ready());
    EXPECT_EQ(Seen(id).token_sid, std::nullopt);
    transfers_.EndStop(run);
    EXPECT_TRUE(reply.Get().ok());
    EXPECT_EQ(Seen(id).state, JobState::kError);
    EXPECT_EQ(Seen(id).record->error->hresult, Hresult::kTokenRequired);
    transfers_.StopAtOnce(true);
  }
  EXPECT_EQ(audit_.Values("helper_token_discarded", "reason"),
            (std::vector<std::string>{"logoff", "owner_logged_off"}));
}

TEST_F(JobLogonTest, OneOfSeveralSessionsOfTheOwnerEndsNothingOfTheJob) {
  const Caller fetcher = As(kFetcher);
  Reply<absl::StatusOr<SessionPtr>> second;
  sessions_.Logon(
      *fetcher.token, std::nullopt, [] { return true; }, second.Callback());
  const JobId id = Lent(fetcher);
  ASSERT_TRUE(Logoff({fetcher.token, *second.Get()}).Get().ok());
  EXPECT_EQ(Seen(id).token_sid, kAlice);
  EXPECT_FALSE(transfers_.last()->stop_requested);
}

TEST_F(JobLogonTest, ATokenBelongsToTheSessionItWasLentIn) {
  const Caller alice = As(kAlice);
  Reply<absl::StatusOr<SessionPtr>> reply;
  sessions_.Logon(
      *alice.token, std::nullopt, [] { return true; }, reply.Callback());
  const Caller leased{alice.token, *reply.Get()};
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(leased, handle).Get().ok());
  EXPECT_EQ(leased.session->tokens(), 1u);
  ASSERT_TRUE(Logoff(alice).Get().ok());
  EXPECT_EQ(Seen(id).token_sid, kAlice) << "her default session is another";
  ASSERT_TRUE(Logoff(leased).Get().ok());
  EXPECT_EQ(Seen(id).token_sid, std::nullopt);
}

TEST_F(JobLogonTest, WithFlagsZeroTheTokenGoesSilentlyAndTheJobGoesOn) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Lent(fetcher, 0);
  ASSERT_TRUE(Logoff(As(kAlice)).Get().ok());
  EXPECT_EQ(Seen(id).state, JobState::kConnecting);
  EXPECT_FALSE(transfers_.last()->stop_requested);
  EXPECT_EQ(Seen(id).token_sid, std::nullopt);
}

TEST_F(JobLogonTest, ATransferredJobStaysAndItsCompleteNeedsTheTokenOrNoFlags) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Lent(fetcher);
  FinishDownload();
  ASSERT_TRUE(Eventually([&] { return Seen(id).state == JobState::kTransferred; }));
  ASSERT_TRUE(Logoff(As(kAlice)).Get().ok());
  EXPECT_EQ(Seen(id).state, JobState::kTransferred);
  const auto complete = [&] {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Complete(fetcher, id, reply.Callback());
    return reply;
  };
  EXPECT_EQ(DetailOf(complete().Get().status()).hresult, Hresult::kTokenRequired);
  EXPECT_EQ(Seen(id).state, JobState::kTransferred);
  ASSERT_TRUE(SetFlags(fetcher, Handle(fetcher, id), 0).Get().ok());
  const auto reply = complete();
  ASSERT_TRUE(Eventually([&] { return transfers_.last()->published != nullptr; }));
  transfers_.last()->published({0}, absl::OkStatus());
  EXPECT_TRUE(reply.Get().ok());
}

TEST_F(JobLogonTest, ServiceAccountsDoNotWaitForALogon) {
  accounts_.Put(ServiceOf(*accounts_.Find(kFetcher)));
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  ASSERT_TRUE(Logoff(fetcher).Get().ok());
  EXPECT_FALSE(transfers_.last()->stop_requested);
  EXPECT_NE(Seen(id).waiting_for, WaitingFor::kLogon);
}

TEST_F(JobLogonTest, ATokenOnAServicesJobEndsWithTheHelperNotWithTheService) {
  accounts_.Put(ServiceOf(*accounts_.Find(kFetcher)));
  const Caller fetcher = As(kFetcher);
  const JobId id = Lent(fetcher);
  ASSERT_TRUE(Logoff(fetcher).Get().ok());
  EXPECT_EQ(Seen(id).token_sid, kAlice);
  ASSERT_TRUE(Logoff(As(kAlice)).Get().ok());
  EXPECT_EQ(Seen(id).token_sid, std::nullopt);
}

TEST_F(JobLogonTest, NoTokenIsSetWhileTheOwnerIsLoggedOff) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const Caller admin = As(kAdmin);
  const std::string handle = Handle(admin, id);
  ASSERT_TRUE(Logoff(fetcher).Get().ok());
  const absl::Status status = SetToken(As(kAlice), handle).Get().status();
  EXPECT_EQ(DetailOf(status).hresult, Hresult::kNotLoggedOn);
  EXPECT_EQ(DetailOf(status).rule, "owner_logged_off");
}

TEST_F(JobLogonTest, ALogoffTheStoreDoesNotTakeIsInForceAllTheSame) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Lent(fetcher);
  const auto run = transfers_.last();
  store_.Fail(error::DiskFull("no room"));
  EXPECT_EQ(DetailOf(Logoff(As(kAlice)).Get()).hresult, Hresult::kDiskFull);
  EXPECT_TRUE(run->stop_requested);
  EXPECT_EQ(Seen(id).token_sid, std::nullopt);
  EXPECT_EQ(Seen(id).state, JobState::kError);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->state == JobState::kError; }));
}

TEST_F(JobLogonTest, ATokenWhoseCommitIsUnderWayDoesNotSurviveTheLogoff) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  for (const Sid& leaver : {kAlice, kFetcher}) {
    const Caller lender = As(kAlice);
    const std::string fresh = Handle(As(kFetcher), id, kAlice);
    store_.Hold();
    const auto set = SetToken(lender, fresh);
    const auto off = Logoff(As(leaver));
    store_.ReleaseAll();
    EXPECT_TRUE(off.Get().ok());
    set.Get().IgnoreError();
    EXPECT_EQ(Seen(id).token_sid, std::nullopt);
  }
}

TEST_F(JobLogonTest, ALogoffInTheMiddleOfALoanRefusesTheLoan) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  const Caller alice = As(kAlice);
  // The token hangs on the session by then, and is not decided yet.
  accounts_.AtNextFind([&] { EXPECT_TRUE(Logoff(alice).Get().ok()); });
  EXPECT_EQ(DetailOf(SetToken(alice, handle).Get().status()).rule, "token_ended");
  EXPECT_EQ(Seen(id).token_sid, std::nullopt);
}

TEST_F(JobLogonTest, AHandleThatEndsInTheMiddleOfALoanRefusesTheLoan) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  const Caller alice = As(kAlice);
  accounts_.AtNextFind([&] { EXPECT_TRUE(jobs().Release(fetcher, handle).ok()); });
  const absl::Status status = SetToken(alice, handle).Get().status();
  EXPECT_EQ(DetailOf(status).hresult, Hresult::kDisconnected) << status;
  EXPECT_NE(status.message().find("just"), absl::string_view::npos) << "found, and ended since";
}

TEST_F(JobLogonTest, LoansAndLogoffsAtOnceLeaveNoTokenBehind) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const Caller admin = As(kAdmin);
  std::atomic<bool> stop = false;
  std::thread lender([&] {
    while (!stop) {
      const std::string handle = Handle(admin, id);
      SetToken(As(kAlice), handle).Get().IgnoreError();
      jobs().Release(admin, handle).IgnoreError();
    }
  });
  for (int i = 0; i < 200; ++i) {
    Logoff(As(i % 2 == 0 ? kAlice : kFetcher)).Get().IgnoreError();
  }
  stop = true;
  lender.join();
  Logoff(As(kAlice)).Get().IgnoreError();
  EXPECT_EQ(Seen(id).token_sid, std::nullopt);
}

TEST_F(JobLogonTest, ALogoffCostsWhatItTouches) {
  const Caller admin = As(kAdmin);
  std::vector<JobId> jobs_of_admin;
  for (int i = 0; i < 2'000; ++i) jobs_of_admin.push_back(Create(admin));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(SetToken(As(kAlice), Handle(admin, jobs_of_admin[i * 20])).Get().ok());
  }
  const size_t commits = store_.commits();
  ASSERT_TRUE(Logoff(As(kAlice)).Get().ok());
  EXPECT_EQ(store_.commits(), commits + 100);
  EXPECT_EQ(audit_.Count("helper_token_discarded"), 100u);
}

}  // namespace
}  // namespace bitsd
