// Restart: what comes back from the store, and what goes on.

#include "server/job/changes/job_changes.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobRestoreTest : public JobFixture {
 protected:
  /// Changes what the store has of a job, as if bitsd had ended at that moment.
  void Edit(const JobId& id, const std::function<void(JobRecord&)>& edit) {
    auto record = std::make_shared<JobRecord>(*memory_.Find(id));
    edit(*record);
    StoreChange change;
    change.put = std::move(record);
    memory_.Commit({std::move(change)}, [](const absl::Status&) {});
  }

  JobId Transferred(const Caller& caller) {
    const JobId id = Running(caller);
    FinishDownload();
    EXPECT_TRUE(Eventually([&] { return View(caller, id).state == JobState::kTransferred; }));
    return id;
  }
};

TEST_F(JobRestoreTest, ASuspendedJobComesBackWithItsFilesFlagsAndSettings) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher, "the job", JobPriority::kHigh);
  ASSERT_TRUE(AddFile(fetcher, id, "/d/one").ok());
  ASSERT_TRUE(SetFlags(fetcher, Handle(fetcher, id), kTokenLocalFile).Get().ok());
  JobUpdate update;
  update.minimum_retry_delay = absl::Seconds(77);
  Reply<absl::StatusOr<JobView>> updated;
  jobs().UpdateJob(fetcher, id, update, updated.Callback());
  const uint64_t revision = updated.Get()->record->revision;
  Restart();
  const JobView view = View(fetcher, id);
  EXPECT_EQ(view.state, JobState::kSuspended);
  EXPECT_EQ(view.record->display_name, "the job");
  EXPECT_EQ(view.record->priority, JobPriority::kHigh);
  EXPECT_EQ(view.record->token_flags, kTokenLocalFile);
  EXPECT_EQ(view.record->minimum_retry_delay, absl::Seconds(77));
  EXPECT_EQ(view.record->revision, revision);
  EXPECT_EQ((*view.record->files)[0].local_name, "/d/one");
  EXPECT_EQ(jobs().ListJobs(fetcher, false, 0, "")->jobs.size(), 1u);
  EXPECT_TRUE(transfers_.runs().empty());
  EXPECT_TRUE(AddFile(fetcher, id, "/d/two").ok());
  EXPECT_GT(View(fetcher, id).record->revision, revision);
}

TEST_F(JobRestoreTest, ARunningTransferGoesOnFromWhatIsRecorded) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FileProgress progress;
  progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{1, 2}};
  progress.size = 100;
  progress.synced = 42;
  transfers_.last()->events->OnFile(0, progress, std::nullopt);
  Restart();
  ASSERT_EQ(transfers_.runs().size(), 2u);
  EXPECT_EQ((*transfers_.last()->download.files)[0].progress, progress);
  FinishDownload();
  EXPECT_TRUE(Eventually([&] { return View(fetcher, id).state == JobState::kTransferred; }));
}

TEST_F(JobRestoreTest, TokensAndHandlesAreGone) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  Restart();
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
  EXPECT_EQ(DetailOf(SetFlags(fetcher, handle, 0).Get()).hresult, Hresult::kDisconnected);
}

TEST_F(JobRestoreTest, AJobThatNeedsATokenGoesToErrorWhenItNeedsItAndNotBefore) {
  const Caller fetcher = As(kFetcher);
  const JobId queued = Create(fetcher);
  const JobId suspended = Create(fetcher);
  for (const JobId& id : {queued, suspended}) {
    const std::string handle = Handle(fetcher, id, kAlice);
    ASSERT_TRUE(AddFile(fetcher, id).ok());
    ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
    ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  }
  ASSERT_TRUE(Resume(fetcher, queued).ok());
  Restart();
  ASSERT_TRUE(Eventually([&] { return View(fetcher, queued).state == JobState::kError; }));
  EXPECT_EQ(View(fetcher, queued).record->error->hresult, Hresult::kTokenRequired);
  EXPECT_EQ(View(fetcher, queued).record->error->context, ErrorContext::kGeneralQueueManager);
  EXPECT_EQ(View(fetcher, suspended).state, JobState::kSuspended);
  EXPECT_EQ(transfers_.runs().size(), 1u) << "the owner was not used instead";
  const std::string handle = Handle(fetcher, queued, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(Resume(fetcher, queued).ok());
  EXPECT_EQ(transfers_.last()->download.local.sid, kAlice);
}

TEST_F(JobRestoreTest, ATransferredJobWithAFlagStaysTransferredAndItsCompleteNeedsAToken) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Transferred(fetcher);
  ASSERT_TRUE(SetFlags(fetcher, Handle(fetcher, id), kTokenLocalFile).Get().ok());
  Restart();
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  Reply<absl::StatusOr<JobOutcome>> completed;
  jobs().Complete(fetcher, id, completed.Callback());
  EXPECT_EQ(DetailOf(completed.Get().status()).hresult, Hresult::kTokenRequired);
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
}

TEST_F(JobRestoreTest, ACompleteThatWasCutShortIsFinishedWhenItIsRepeated) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Transferred(fetcher);
  Reply<absl::StatusOr<JobOutcome>> cut;
  jobs().Complete(fetcher, id, cut.Callback());
  ASSERT_TRUE(memory_.Find(id)->completing) << "the intent is recorded";
  Restart();
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  Reply<absl::StatusOr<JobOutcome>> completed;
  jobs().Complete(fetcher, id, completed.Callback());
  const auto run = transfers_.last();
  ASSERT_EQ(run->completion.job, id);
  run->published({0}, absl::OkStatus());
  ASSERT_TRUE(completed.Get().ok());
  EXPECT_EQ(completed.Get()->job.state, JobState::kAcknowledged);
  EXPECT_EQ(memory_.Find(id)->state, JobState::kAcknowledged);
  EXPECT_FALSE(memory_.Find(id)->completing);
}

TEST_F(JobRestoreTest, ACompleteThatWasCutShortDoesNotKeepTheJobFromCancel) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Transferred(fetcher);
  Edit(id, [](JobRecord& record) { record.completing = true; });
  Restart();
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  ASSERT_TRUE(cancelled.Get().ok());
  EXPECT_EQ(transfers_.cleanups().back().files.size(), 1u);
}

TEST_F(JobRestoreTest, WhatACancelThatWasCutShortLeftIsRemoved) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Transferred(fetcher);
  const TemporaryFile abandoned{"/d/.BIT0000000000000009.tmp", kAlice, FileId{1, 9}};
  Edit(id, [&](JobRecord& record) {
    record.state = JobState::kCancelled;
    record.abandoned = {abandoned};
    record.modification = clock_.Now();
  });
  Restart();
  ASSERT_EQ(transfers_.cleanups().size(), 1u);
  EXPECT_EQ(transfers_.cleanups()[0].files.size(), 2u);
  EXPECT_EQ(transfers_.cleanups()[0].files[0], abandoned);
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->abandoned.empty(); }));
}

TEST_F(JobRestoreTest, AFinishedJobCanBeReadForItsTimeAndIsNotListed) {
  const Caller fetcher = As(kFetcher);
  const JobId kept = Create(fetcher);
  const JobId overdue = Create(fetcher);
  for (const JobId& id : {kept, overdue}) {
    const absl::Time end = clock_.Now() - (id == overdue ? absl::Hours(2) : absl::Minutes(59));
    Edit(id, [&](JobRecord& record) {
      record.state = JobState::kAcknowledged;
      record.modification = end;
    });
  }
  Restart();
  EXPECT_EQ(View(fetcher, kept).state, JobState::kAcknowledged);
  EXPECT_TRUE(jobs().ListJobs(fetcher, false, 0, "")->jobs.empty());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(overdue) == nullptr; }));
  EXPECT_FALSE(jobs().GetJob(fetcher, overdue).ok());
  EXPECT_NE(memory_.Find(kept), nullptr);
}

TEST_F(JobRestoreTest, AnErrorStaysAndARetryThatIsDueIsMade) {
  const Caller fetcher = As(kFetcher);
  const JobId failed = Running(fetcher);
  const JobId retried = Create(fetcher);
  ASSERT_TRUE(AddFile(fetcher, retried).ok());
  JobError error;
  error.context = ErrorContext::kRemoteFile;
  error.hresult = HttpHresult(404);
  Edit(failed, [&](JobRecord& record) {
    record.state = JobState::kError;
    record.error = error;
  });
  error.next_retry = clock_.Now() - absl::Seconds(1);
  Edit(retried, [&](JobRecord& record) {
    record.state = JobState::kTransientError;
    record.error = error;
  });
  Restart();
  EXPECT_TRUE(Eventually([&] { return transfers_.last()->download.job == retried; }));
  EXPECT_EQ(View(fetcher, failed).state, JobState::kError);
  EXPECT_EQ(View(fetcher, failed).record->error->hresult, HttpHresult(404));
}

TEST_F(JobRestoreTest, ARepeatedRequestGetsItsFirstAnswer) {
  const Caller fetcher = As(kFetcher);
  NewJob job;
  job.display_name = "once";
  job.request_id = "7a0d3c1e-0000-4000-8000-000000000001";
  Reply<absl::StatusOr<JobView>> first;
  jobs().CreateJob(fetcher, job, first.Callback());
  const JobId id = first.Get()->record->id;
  Reply<absl::StatusOr<JobView>> added;
  const std::string add_id = "7a0d3c1e-0000-4000-8000-000000000002";
  jobs().AddFiles(fetcher, id, {{"http://192.0.2.1/f", "/d/f"}}, add_id, added.Callback());
  ASSERT_TRUE(added.Get().ok());
  Restart();
  Reply<absl::StatusOr<JobView>> again;
  jobs().CreateJob(fetcher, job, again.Callback());
  EXPECT_EQ(again.Get()->record->id, id);
  EXPECT_EQ(again.Get()->record->files->size(), 0u) << "as it was answered then";
  Reply<absl::StatusOr<JobView>> added_again;
  jobs().AddFiles(fetcher, id, {{"http://192.0.2.1/f", "/d/f"}}, add_id, added_again.Callback());
  EXPECT_EQ(added_again.Get()->record->files->size(), 1u);
  EXPECT_EQ(View(fetcher, id).record->files->size(), 1u) << "it was not added twice";
  job.display_name = "another";
  Reply<absl::StatusOr<JobView>> misused;
  jobs().CreateJob(fetcher, job, misused.Callback());
  EXPECT_EQ(DetailOf(misused.Get().status()).hresult, Hresult::kInvalidArgument);
}

TEST_F(JobRestoreTest, TheLimitsCountTheJobsThatCameBack) {
  options_.limits.jobs_per_user = 2;
  const Caller fetcher = As(kFetcher);
  Create(fetcher);
  const JobId last = Create(fetcher);
  Create(As(kAdmin));
  Restart();
  NewJob job;
  job.display_name = "one too many";
  Reply<absl::StatusOr<JobView>> refused;
  jobs().CreateJob(fetcher, job, refused.Callback());
  EXPECT_EQ(DetailOf(refused.Get().status()).hresult, Hresult::kTooManyJobsPerUser);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, last, cancelled.Callback());
  ASSERT_TRUE(cancelled.Get().ok());
  Create(fetcher);
}

TEST_F(JobRestoreTest, AStoreThatCannotBeReadStopsTheStart) {
  class Unreadable : public MemoryStore {
    absl::Status Load(const StoreVisitor&) override {
      return error::StoreUnavailable("it is damaged");
    }
  };
  Unreadable store;
  JobManager manager({store, transfers_, accounts_, audit_, clock_, timer_, sessions_, identities_},
                     options_);
  EXPECT_FALSE(manager.Restore([](const SessionRecord&) {}).ok());
  timer_.Stop();
}

}  // namespace
}  // namespace bitsd
