// What a new account directory and a new configuration do to jobs.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobAccountsTest : public JobFixture {
 protected:
  void Change(const Sid& sid, const std::function<void(Account&)>& change) {
    Account account = *accounts_.Find(sid);
    change(account);
    accounts_.Put(std::move(account));
  }
  void Disable(const Sid& sid, bool disabled) {
    Change(sid, [disabled](Account& account) { account.disabled = disabled; });
    jobs().OnAccountsChanged(disabled ? std::vector<Sid>{sid} : std::vector<Sid>());
  }
};

TEST_F(JobAccountsTest, AJobWhoseOwnerIsGoneWaitsForTheAccountAndGoesOn) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const auto run = transfers_.last();
  Disable(kFetcher, true);
  EXPECT_TRUE(run->stop_requested);
  EXPECT_EQ(View(fetcher, id).state, JobState::kQueued);
  EXPECT_EQ(View(fetcher, id).waiting_for, WaitingFor::kAccount);
  EXPECT_EQ(transfers_.runs().size(), 1u) << "nothing is opened";
  Disable(kFetcher, false);
  EXPECT_EQ(transfers_.runs().size(), 2u);
  EXPECT_EQ(View(fetcher, id).waiting_for, WaitingFor::kNothing);
}

TEST_F(JobAccountsTest, TheHelperOfAJobWhoseOwnerIsGoneIsDiscardedAsAtALogoff) {
  const Caller fetcher = As(kFetcher);
  const Caller alice = As(kAlice);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, 1).Get().ok());
  ASSERT_TRUE(SetToken(alice, handle).Get().ok());
  Disable(kFetcher, true);
  EXPECT_EQ(View(fetcher, id).state, JobState::kError);
  EXPECT_FALSE(View(fetcher, id).token_sid.has_value());
  EXPECT_EQ(audit_.Count("helper_token_discarded"), 1u);
  EXPECT_EQ(DetailOf(SetToken(alice, handle).Get().status()).rule, "owner_unknown");
}

TEST_F(JobAccountsTest, AChangedOwnerStopsTheTransferAndItGoesOnAsTheNewIdentity) {
  const Caller fetcher = As(kFetcher);
  Running(fetcher);
  transfers_.StopAtOnce(false);
  const auto run = transfers_.last();
  Change(kFetcher, [](Account& account) { account.posix->uid = 61999; });
  jobs().OnAccountsChanged({});
  ASSERT_TRUE(run->stop_requested);
  EXPECT_EQ(transfers_.runs().size(), 1u) << "not before the old one has stopped";
  transfers_.EndStop(run);
  ASSERT_EQ(transfers_.runs().size(), 2u);
  EXPECT_EQ(transfers_.last()->download.local.posix.uid, 61999u);
}

TEST_F(JobAccountsTest, AChangedOwnerStopsTheTransferEvenWhereTheHelperWrites) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, 1).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  const auto run = transfers_.last();
  Change(kFetcher, [](Account& account) { account.posix->uid = 61999; });
  jobs().OnAccountsChanged({});
  EXPECT_TRUE(run->stop_requested) << "what is sent is the owner's";
}

TEST_F(JobAccountsTest, AnAccountThatStaysAsItWasDisturbsNothing) {
  Running(As(kFetcher));
  Change(kFetcher, [](Account& account) { account.name = "another"; });
  Change(kMallory, [](Account& account) { account.disabled = true; });
  jobs().OnAccountsChanged({kMallory});
  EXPECT_FALSE(transfers_.last()->stop_requested);
}

TEST_F(JobAccountsTest, AnElevatedJobOpensNothingOnceItsOwnerIsNoAdministrator) {
  const Caller admin = As(kAdmin);
  const JobId id = Running(admin);
  const auto run = transfers_.last();
  Change(kAdmin, [](Account& account) { account.groups.clear(); });
  jobs().OnAccountsChanged({});
  ASSERT_TRUE(run->stop_requested);
  EXPECT_TRUE(Eventually([&] { return View(admin, id).state == JobState::kError; }));
  EXPECT_EQ(View(admin, id).record->error->rule, "owner_not_administrator");
  EXPECT_EQ(transfers_.runs().size(), 1u);
}

TEST_F(JobAccountsTest, AnIdentityTheBrokerDidNotKnowIsTriedAgainWhenTheDirectoryChanges) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const auto run = transfers_.last();
  TransferFailure failure;
  failure.error.hresult = Hresult::kAccessDenied;
  failure.error.rule = "unknown_identity";
  run->events->OnFailed(failure);
  ASSERT_TRUE(Eventually([&] { return View(fetcher, id).state == JobState::kTransientError; }));
  jobs().OnAccountsChanged({});
  EXPECT_TRUE(Eventually([&] { return transfers_.runs().size() == 2; }));
}

TEST_F(JobAccountsTest, ANewConfigurationCountsFromNowOn) {
  const Caller fetcher = As(kFetcher);
  Create(fetcher);
  JobManager::Options options;
  options.limits.jobs_per_user = 1;
  jobs().Reconfigure(options);
  NewJob job;
  job.display_name = "one more";
  Reply<absl::StatusOr<JobView>> reply;
  jobs().CreateJob(fetcher, job, reply.Callback());
  EXPECT_EQ(DetailOf(reply.Get().status()).hresult, Hresult::kTooManyJobsPerUser);
}

}  // namespace
}  // namespace bitsd
