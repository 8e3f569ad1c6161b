// Jobs from CreateJob to their purge: states, limits, listing, watching, repeats.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

Hresult HresultOf(const absl::Status& status) { return DetailOf(status).hresult; }

constexpr char kRequestId[] = "0f8fad5b-d9cb-469f-a165-70867728950e";

class JobLifecycleTest : public JobFixture {
 protected:
  absl::StatusOr<JobOutcome> Complete(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Complete(caller, id, reply.Callback());
    if (const auto run = transfers_.last(); run != nullptr && run->published != nullptr) {
      std::exchange(run->published, nullptr)({0}, absl::OkStatus());
    }
    return reply.Get();
  }
  absl::StatusOr<JobOutcome> Cancel(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Cancel(caller, id, reply.Callback());
    return reply.Get();
  }
  void FailTransfer(bool transient, std::optional<absl::Duration> retry_after = std::nullopt) {
    TransferFailure failure;
    failure.transient = transient;
    failure.retry_after = retry_after;
    failure.error.context = ErrorContext::kRemoteFile;
    failure.error.hresult = HttpHresult(transient ? 503 : 404);
    transfers_.last()->events->OnFailed(failure);
  }
};

TEST_F(JobLifecycleTest, ANewJobIsSuspendedAndEmpty) {
  const Caller fetcher = As(kFetcher);
  const JobView job = View(fetcher, Create(fetcher, "name"));
  EXPECT_EQ(job.state, JobState::kSuspended);
  EXPECT_EQ(job.bytes_total, 0u);
  EXPECT_EQ(job.record->display_name, "name");
  EXPECT_FALSE(job.record->elevated);
}

TEST_F(JobLifecycleTest, ResumeWithoutFilesIsEmptyAndChangesNothing) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  EXPECT_EQ(HresultOf(Resume(fetcher, id).status()), Hresult::kEmpty);
  EXPECT_EQ(View(fetcher, id).state, JobState::kSuspended);
}

TEST_F(JobLifecycleTest, ADownloadGoesFromQueuedToAcknowledged) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  EXPECT_EQ(View(fetcher, id).state, JobState::kConnecting);
  EXPECT_EQ(View(fetcher, id).bytes_total, kSizeUnknown);
  transfers_.last()->events->OnPhase(true);
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferring);
  FinishDownload();
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  EXPECT_EQ(View(fetcher, id).bytes_transferred, 10u);
  const auto outcome = Complete(fetcher, id);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->hresult, Hresult::kOk);
  EXPECT_EQ(outcome->job.state, JobState::kAcknowledged);
  EXPECT_EQ(HresultOf(Complete(fetcher, id).status()), Hresult::kInvalidState);
  EXPECT_EQ(HresultOf(Cancel(fetcher, id).status()), Hresult::kInvalidState);
}

TEST_F(JobLifecycleTest, CompleteOfAnUnfinishedJobIsPartial) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  EXPECT_EQ(Complete(fetcher, id)->hresult, Hresult::kPartialComplete);
}

TEST_F(JobLifecycleTest, AFailedCompleteLeavesTheJobAsItWasAndMayBeRepeated) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FinishDownload();
  Reply<absl::StatusOr<JobOutcome>> reply;
  jobs().Complete(fetcher, id, reply.Callback());
  Reply<absl::StatusOr<JobOutcome>> second;
  jobs().Complete(fetcher, id, second.Callback());
  EXPECT_FALSE(second.ready());
  transfers_.last()->published({}, error::AccessDenied(Rule::kNotPermitted, "no"));
  EXPECT_EQ(HresultOf(reply.Get().status()), Hresult::kAccessDenied);
  EXPECT_EQ(HresultOf(second.Get().status()), Hresult::kAccessDenied) << "a repeat waits for it";
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  EXPECT_EQ(Complete(fetcher, id)->hresult, Hresult::kOk);
}

TEST_F(JobLifecycleTest, TheEndOfCompleteIsWrittenWhenTheStoreRecovers) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FinishDownload();
  Reply<absl::StatusOr<JobOutcome>> reply;
  jobs().Complete(fetcher, id, reply.Callback());
  store_.Fail(error::DiskFull("no room"));
  transfers_.last()->published({0}, absl::OkStatus());
  EXPECT_EQ(HresultOf(reply.Get().status()), Hresult::kDiskFull);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return View(fetcher, id).state == JobState::kAcknowledged; }));
}

TEST_F(JobLifecycleTest, ATransientErrorWaitsForItsRetry) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FailTransfer(true);
  const JobView job = View(fetcher, id);
  EXPECT_EQ(job.state, JobState::kTransientError);
  EXPECT_EQ(job.waiting_for, WaitingFor::kRetryTimer);
  EXPECT_EQ(job.record->error_count, 1u);
  EXPECT_GT(*job.record->error->next_retry, absl::Now() + absl::Minutes(9));
  ASSERT_TRUE(Resume(fetcher, id).ok()) << "Resume does not wait for the retry";
  EXPECT_EQ(transfers_.runs().size(), 2u);
}

TEST_F(JobLifecycleTest, AServerThatSaysWhenIsAskedNoEarlier) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  // Never earlier than the job's own delay, and not later than a day.
  const std::pair<absl::Duration, absl::Duration> cases[] = {
      {absl::Seconds(1), absl::Minutes(10)},
      {absl::Hours(2), absl::Hours(2)},
      {absl::Hours(24 * 365), absl::Hours(24)},
  };
  for (const auto& [asked, expected] : cases) {
    FailTransfer(true, asked);
    const absl::Duration wait = *View(fetcher, id).record->error->next_retry - absl::Now();
    EXPECT_GT(wait, expected - absl::Minutes(1)) << asked;
    EXPECT_LE(wait, expected) << asked;
    ASSERT_TRUE(Resume(fetcher, id).ok()) << "Resume does not wait for it";
  }
}

TEST_F(JobLifecycleTest, AServerCannotHoldAJobBeyondItsNoProgressTimeout) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  JobUpdate update;
  update.no_progress_timeout = absl::Hours(1);
  Reply<absl::StatusOr<JobView>> updated;
  jobs().UpdateJob(fetcher, id, update, updated.Callback());
  ASSERT_TRUE(updated.Get().ok());
  FailTransfer(true, absl::Hours(5));
  EXPECT_LE(*View(fetcher, id).record->error->next_retry, absl::Now() + absl::Hours(1));
}

TEST_F(JobLifecycleTest, WithoutANoProgressTimeoutNothingIsRetried) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  JobUpdate update;
  update.no_progress_timeout = absl::ZeroDuration();
  Reply<absl::StatusOr<JobView>> updated;
  jobs().UpdateJob(fetcher, id, update, updated.Callback());
  ASSERT_TRUE(updated.Get().ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  FailTransfer(true);
  EXPECT_EQ(View(fetcher, id).state, JobState::kError);
}

TEST_F(JobLifecycleTest, SuspendTakesAJobOutOfErrorAndResumeTriesAgain) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FailTransfer(false);
  EXPECT_EQ(View(fetcher, id).state, JobState::kError);
  EXPECT_EQ(View(fetcher, id).record->error->hresult, HttpHresult(404));
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher, id, suspended.Callback());
  EXPECT_EQ(suspended.Get()->state, JobState::kSuspended);
  ASSERT_TRUE(Resume(fetcher, id).ok());
  EXPECT_EQ(transfers_.runs().size(), 2u);
}

TEST_F(JobLifecycleTest, AStaleRevisionIsRefused) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  JobUpdate update;
  update.display_name = "new";
  update.expected_revision = View(fetcher, id).revision + 1;
  Reply<absl::StatusOr<JobView>> reply;
  jobs().UpdateJob(fetcher, id, update, reply.Callback());
  EXPECT_EQ(DetailOf(reply.Get().status()).rule, "stale_revision");
}

TEST_F(JobLifecycleTest, RetryDelaysUnderFiveSecondsBecomeFive) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  JobUpdate update;
  update.minimum_retry_delay = absl::Seconds(1);
  Reply<absl::StatusOr<JobView>> reply;
  jobs().UpdateJob(fetcher, id, update, reply.Callback());
  EXPECT_EQ(reply.Get()->record->minimum_retry_delay, absl::Seconds(5));
}

TEST_F(JobLifecycleTest, JobsAreLimitedPerUserAndAdministratorsAreExempt) {
  options_.limits.jobs_per_user = 3;
  const auto create = [&](const Caller& caller) {
    Reply<absl::StatusOr<JobView>> reply;
    NewJob job;
    job.display_name = "job";
    jobs().CreateJob(caller, job, reply.Callback());
    return HresultOf(reply.Get().status());
  };
  const Caller fetcher = As(kFetcher);
  const JobId first = Create(fetcher);
  EXPECT_EQ(create(fetcher), Hresult::kOk);
  EXPECT_EQ(create(fetcher), Hresult::kOk);
  EXPECT_EQ(create(fetcher), Hresult::kTooManyJobsPerUser);
  ASSERT_TRUE(Cancel(fetcher, first).ok());
  EXPECT_EQ(create(fetcher), Hresult::kOk);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(create(As(kAdmin)), Hresult::kOk);
}

TEST_F(JobLifecycleTest, ARepeatedRequestGivesTheFirstAnswerAndAMisuseIsRefused) {
  const Caller fetcher = As(kFetcher);
  const auto create = [&](const std::string& name) {
    Reply<absl::StatusOr<JobView>> reply;
    NewJob job;
    job.display_name = name;
    job.request_id = kRequestId;
    jobs().CreateJob(fetcher, job, reply.Callback());
    return reply.Get();
  };
  const auto first = create("a");
  EXPECT_EQ(create("a")->record->id, first->record->id);
  EXPECT_EQ(HresultOf(create("b").status()), Hresult::kInvalidArgument);
  EXPECT_EQ(jobs().ListJobs(fetcher, false, 0, "")->jobs.size(), 1u);
}

TEST_F(JobLifecycleTest, ARepeatWaitsForTheFirstAnswer) {
  const Caller fetcher = As(kFetcher);
  store_.Hold();
  NewJob job;
  job.display_name = "a";
  job.request_id = kRequestId;
  Reply<absl::StatusOr<JobView>> first;
  Reply<absl::StatusOr<JobView>> second;
  jobs().CreateJob(fetcher, job, first.Callback());
  jobs().CreateJob(fetcher, job, second.Callback());
  EXPECT_FALSE(second.ready());
  store_.ReleaseAll();
  EXPECT_EQ(first.Get()->record->id, second.Get()->record->id);
}

TEST_F(JobLifecycleTest, PagesFollowEachOtherAndForeignTokensAreRefused) {
  const Caller fetcher = As(kFetcher);
  for (int i = 0; i < 5; ++i) Create(fetcher, absl::StrCat("job", i));
  auto page = jobs().ListJobs(fetcher, false, 2, "");
  std::vector<std::string> names;
  while (true) {
    for (const JobView& job : page->jobs) names.push_back(job.record->display_name);
    if (page->next_page_token.empty()) break;
    const std::string token = page->next_page_token;
    EXPECT_EQ(HresultOf(jobs().ListJobs(As(kAlice), false, 2, token).status()),
              Hresult::kInvalidArgument);
    page = jobs().ListJobs(fetcher, false, 2, token);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"job0", "job1", "job2", "job3", "job4"}));
  EXPECT_FALSE(jobs().ListJobs(fetcher, false, 2, "garbage").ok());
  EXPECT_FALSE(jobs().ListJobs(fetcher, false, 1001, "").ok());
}

TEST_F(JobLifecycleTest, FinishedJobsLeaveTheListAtOnceAndArePurgedLater) {
  options_.retention = absl::Milliseconds(30);
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(Cancel(fetcher, id).ok());
  EXPECT_TRUE(jobs().ListJobs(fetcher, false, 0, "")->jobs.empty());
  EXPECT_TRUE(Eventually([&] { return !jobs().GetJob(fetcher, id).ok(); }));
  EXPECT_EQ(HresultOf(jobs().GetJob(fetcher, id).status()), Hresult::kNotFound);
  EXPECT_EQ(memory_.Find(id), nullptr);
}

TEST_F(JobLifecycleTest, OthersNeitherSeeNorOpenAJobAndAdministratorsDo) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  EXPECT_EQ(HresultOf(jobs().GetJob(As(kMallory), id).status()), Hresult::kAccessDenied);
  EXPECT_EQ(HresultOf(jobs().ListJobs(As(kMallory), true, 0, "").status()), Hresult::kAccessDenied);
  EXPECT_TRUE(jobs().ListJobs(As(kMallory), false, 0, "")->jobs.empty());
  EXPECT_EQ(jobs().ListJobs(As(kAdmin), true, 0, "")->jobs.size(), 1u);
}

TEST_F(JobLifecycleTest, SlotsAreGivenInTheOrderOfAsking) {
  options_.scheduler.max_running = 1;
  const Caller fetcher = As(kFetcher);
  const JobId first = Running(fetcher);
  const JobId second = Running(fetcher);
  const JobId third = Running(fetcher);
  EXPECT_EQ(View(fetcher, second).waiting_for, WaitingFor::kSlot);
  EXPECT_EQ(transfers_.runs().size(), 1u);
  ASSERT_TRUE(Cancel(fetcher, second).ok());
  EXPECT_EQ(transfers_.last()->download.job, first);
  FinishDownload();
  EXPECT_EQ(transfers_.last()->download.job, third);
}

TEST_F(JobLifecycleTest, AWatcherGetsASnapshotThenEachChange) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  std::atomic<int> ready{0};
  auto watch = *jobs().WatchJobs(fetcher, {}, [&] { ++ready; });
  auto event = watch->Next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, JobWatch::Kind::kSnapshot);
  EXPECT_EQ(event->job->record->id, id);
  EXPECT_EQ(watch->Next()->kind, JobWatch::Kind::kSnapshotEnd);
  EXPECT_EQ(watch->Next(), std::nullopt);
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  EXPECT_GE(ready, 1);
  event = watch->Next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, JobWatch::Kind::kChanged);
  EXPECT_EQ(event->job->state, JobState::kConnecting) << "the newest state, told once";
  EXPECT_EQ(watch->Next(), std::nullopt);
}

TEST_F(JobLifecycleTest, AWatcherIsToldOfFilesThatGoOnNowAndThenAndNotOfEachStep) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  auto watch = *jobs().WatchJobs(fetcher, {}, [] {});
  while (watch->Next()) {
  }
  constexpr uint64_t kSteps = 200;
  uint64_t seen = 0;
  int told = 0;
  const auto look = [&] {
    while (const auto event = watch->Next()) {
      ++told;
      seen = (*event->job->record->files)[0].progress.synced;
    }
    return seen == kSteps;
  };
  FileProgress progress;
  for (progress.synced = 1; progress.synced <= kSteps; ++progress.synced) {
    transfers_.last()->events->OnFile(0, progress, std::nullopt);
    look();
  }
  EXPECT_LT(told, 10) << "half a second is between two";
  EXPECT_TRUE(Eventually(look)) << "the last step is told, too";
}

TEST_F(JobLifecycleTest, AWatcherIsNotToldOfForeignJobs) {
  auto watch = *jobs().WatchJobs(As(kMallory), {}, [] {});
  Create(As(kFetcher));
  EXPECT_EQ(watch->Next()->kind, JobWatch::Kind::kSnapshotEnd);
  EXPECT_EQ(watch->Next(), std::nullopt);
  WatchFilter named;
  named.jobs = {Create(As(kFetcher))};
  EXPECT_EQ(HresultOf(jobs().WatchJobs(As(kMallory), named, [] {}).status()),
            Hresult::kAccessDenied);
}

TEST_F(JobLifecycleTest, ShutdownStopsEveryTransferAndStartsNoMore) {
  const Caller fetcher = As(kFetcher);
  Running(fetcher);
  Running(fetcher);
  Reply<absl::Status> stopped;
  jobs().Shutdown([callback = stopped.Callback()] { callback(absl::OkStatus()); });
  EXPECT_TRUE(stopped.Get().ok());
  EXPECT_EQ(transfers_.active(), 0u);
  Running(fetcher);
}

TEST_F(JobLifecycleTest, TwoFilesOfOneJobHaveTwoLocalNames) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const auto add = [&](const std::vector<std::string>& names) {
    std::vector<NewFile> files;
    for (const std::string& name : names) files.push_back({"http://192.0.2.1/f", name});
    Reply<absl::StatusOr<JobView>> reply;
    jobs().AddFiles(fetcher, id, files, "", reply.Callback());
    return DetailOf(reply.Get().status()).hresult;
  };
  EXPECT_EQ(add({"/d/a", "/d/b", "/d/a"}), Hresult::kInvalidArgument);
  EXPECT_EQ(View(fetcher, id).record->files->size(), 0u) << "all or none";
  EXPECT_EQ(add({"/d/a", "/d/b"}), Hresult::kOk);
  EXPECT_EQ(add({"/d/c", "/d/b"}), Hresult::kInvalidArgument);
  EXPECT_EQ(add({"/d/c", "/e/b"}), Hresult::kOk);
  const JobId other = Create(fetcher);
  EXPECT_TRUE(AddFile(fetcher, other, "/d/a").ok()) << "another job's are its own";
}

}  // namespace
}  // namespace bitsd
