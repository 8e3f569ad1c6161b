// Jobs that take turns: priorities, parking, slices, and what calls do to a job that waits.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

constexpr JobPriority kFg = JobPriority::kForeground;
constexpr JobPriority kHigh = JobPriority::kHigh;
constexpr JobPriority kNormal = JobPriority::kNormal;
constexpr JobPriority kLow = JobPriority::kLow;

class JobScheduleTest : public JobFixture {
 protected:
  JobScheduleTest() {
    // Nothing moves here: without this every test would be about lending.
    options_.scheduler.lend_after = absl::Hours(1);
  }

  bool Runs(const JobId& id) {
    const auto runs = transfers_.runs();
    return std::any_of(runs.begin(), runs.end(), [&](const auto& run) {
      return run->events != nullptr && run->download.job == id && !run->ended;
    });
  }
  std::shared_ptr<ScriptedTransfers::Run> RunOf(const JobId& id) {
    std::shared_ptr<ScriptedTransfers::Run> last;
    for (const auto& run : transfers_.runs()) {
      if (run->events != nullptr && run->download.job == id) last = run;
    }
    return last;
  }
  absl::StatusOr<JobView> Prioritise(const JobId& id, JobPriority priority) {
    JobUpdate update;
    update.priority = priority;
    Reply<absl::StatusOr<JobView>> reply;
    jobs().UpdateJob(fetcher_, id, update, reply.Callback());
    return reply.Get();
  }
  absl::StatusOr<JobView> Suspend(const JobId& id) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().Suspend(fetcher_, id, reply.Callback());
    return reply.Get();
  }
  void Finish(const JobId& id) {
    FileProgress progress;
    progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{1, 2}};
    progress.size = progress.synced = 10;
    progress.transferred = true;
    const auto run = RunOf(id);
    run->events->OnFile(0, progress, std::nullopt);
    run->events->OnDone();
  }

  const Caller fetcher_ = As(kFetcher);
};

TEST_F(JobScheduleTest, EveryForegroundJobRunsAtOnceBesideOneBackgroundJob) {
  const JobId low = Running(fetcher_, kLow);
  const JobId normal = Running(fetcher_, kNormal);
  for (int i = 0; i < 25; ++i) EXPECT_TRUE(Runs(Running(fetcher_, kFg)));
  EXPECT_TRUE(Runs(normal));
  EXPECT_FALSE(Runs(low));
  EXPECT_EQ(transfers_.active(), 26u);
}

TEST_F(JobScheduleTest, AParkedJobIsQueuedWithoutAnErrorAndKeepsWhatItHas) {
  const JobId low = Running(fetcher_, kLow);
  FileProgress progress;
  progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{1, 2}};
  progress.size = 10;
  progress.synced = 5;
  RunOf(low)->events->OnFile(0, progress, std::nullopt);
  const JobId high = Running(fetcher_, kHigh);
  EXPECT_TRUE(Runs(high));
  const JobView parked = View(fetcher_, low);
  EXPECT_EQ(parked.state, JobState::kQueued);
  EXPECT_EQ(parked.waiting_for, WaitingFor::kSlot);
  EXPECT_EQ(parked.record->error_count, 0u);
  EXPECT_EQ(parked.record->error, std::nullopt);
  EXPECT_EQ(parked.bytes_transferred, 5u);
  Finish(high);
  EXPECT_TRUE(Runs(low));
  EXPECT_EQ((*RunOf(low)->download.files)[0].progress.synced, 5u);
  EXPECT_EQ(View(fetcher_, low).waiting_for, WaitingFor::kNothing);
  Finish(low);
  EXPECT_EQ(View(fetcher_, low).state, JobState::kTransferred);
}

TEST_F(JobScheduleTest, TheHigherDoesNotWaitForAParkedJobThatHangs) {
  const JobId low = Running(fetcher_, kLow);
  transfers_.StopAtOnce(false);
  const JobId high = Running(fetcher_, kHigh);
  EXPECT_TRUE(Runs(high));
  EXPECT_TRUE(RunOf(low)->stop_requested);
  transfers_.EndStop(RunOf(low));
  EXPECT_FALSE(Runs(low));
  EXPECT_EQ(View(fetcher_, low).waiting_for, WaitingFor::kSlot);
}

TEST_F(JobScheduleTest, EqualJobsTakeTurns) {
  options_.scheduler.time_slice = absl::Milliseconds(40);
  const JobId first = Running(fetcher_);
  const JobId second = Running(fetcher_);
  const auto starts = [&](const JobId& id) {
    const auto runs = transfers_.runs();
    return std::count_if(runs.begin(), runs.end(),
                         [&](const auto& run) { return run->download.job == id; });
  };
  EXPECT_TRUE(Eventually([&] { return starts(first) >= 3 && starts(second) >= 3; }));
  EXPECT_EQ(View(fetcher_, first).record->error_count, 0u);
  ASSERT_TRUE(Suspend(second).ok());
  EXPECT_TRUE(Eventually([&] { return Runs(first); }));
}

TEST_F(JobScheduleTest, AJobWhoseServerSendsNothingLendsItsSlot) {
  options_.scheduler.lend_after = absl::Milliseconds(40);
  const JobId slow = Running(fetcher_);
  const JobId fast = Running(fetcher_);
  EXPECT_TRUE(Eventually([&] { return Runs(fast); }));
  EXPECT_TRUE(Runs(slow)) << "it goes on beside it";
  EXPECT_EQ(transfers_.runs().size(), 2u);
}

TEST_F(JobScheduleTest, AJobThatMovesKeepsItsSlot) {
  options_.scheduler.lend_after = absl::Milliseconds(40);
  const JobId moving = Running(fetcher_);
  const auto live = RunOf(moving)->download.progress;
  const JobId next = Running(fetcher_);
  const absl::Time end = absl::Now() + absl::Milliseconds(300);
  EXPECT_TRUE(Eventually([&] {
    live->bytes += 100'000;
    return absl::Now() > end;
  }));
  EXPECT_FALSE(Runs(next));
}

TEST_F(JobScheduleTest, APriorityTakesEffectAtOnceWhateverTheJobDoes) {
  const JobId first = Running(fetcher_);
  const JobId second = Running(fetcher_);
  const JobId third = Running(fetcher_);
  ASSERT_TRUE(Prioritise(second, kFg).ok());
  EXPECT_TRUE(Runs(second)) << "a waiting job becomes FOREGROUND";
  ASSERT_TRUE(Prioritise(first, kFg).ok());
  EXPECT_TRUE(Runs(first) && Runs(third)) << "a running one frees its slot";
  ASSERT_TRUE(Prioritise(first, kLow).ok());
  EXPECT_FALSE(Runs(first)) << "and is parked when it comes back";
  EXPECT_TRUE(Runs(third));
  ASSERT_TRUE(Prioritise(first, kHigh).ok());
  EXPECT_TRUE(Runs(first) && !Runs(third)) << "a waiting job goes before others";
  ASSERT_TRUE(Suspend(third).ok());
  ASSERT_TRUE(Prioritise(third, kFg).ok());
  EXPECT_FALSE(Runs(third)) << "a suspended one only remembers it";
  ASSERT_TRUE(Resume(fetcher_, third).ok());
  EXPECT_TRUE(Runs(third));
}

TEST_F(JobScheduleTest, ARaisedPriorityIsNotUsedBeforeItsCommit) {
  Running(fetcher_);
  const JobId second = Running(fetcher_);
  store_.Hold();
  JobUpdate update;
  update.priority = kFg;
  Reply<absl::StatusOr<JobView>> reply;
  jobs().UpdateJob(fetcher_, second, update, reply.Callback());
  EXPECT_FALSE(Runs(second));
  store_.ReleaseAll();
  EXPECT_TRUE(reply.Get().ok());
  EXPECT_TRUE(Runs(second));
}

TEST_F(JobScheduleTest, ANameDoesNotCostAWaitingJobItsTurn) {
  const JobId first = Running(fetcher_);
  const JobId second = Running(fetcher_);
  Running(fetcher_);
  JobUpdate update;
  update.display_name = "new";
  Reply<absl::StatusOr<JobView>> reply;
  jobs().UpdateJob(fetcher_, second, update, reply.Callback());
  ASSERT_TRUE(reply.Get().ok());
  Finish(first);
  EXPECT_TRUE(Runs(second));
}

TEST_F(JobScheduleTest, ASuspendedJobGivesItsSlotBeforeItHasStopped) {
  const JobId first = Running(fetcher_);
  const JobId second = Running(fetcher_);
  transfers_.StopAtOnce(false);
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher_, first, suspended.Callback());
  EXPECT_TRUE(Runs(second));
  EXPECT_FALSE(suspended.ready());
  transfers_.EndStop(RunOf(first));
  EXPECT_TRUE(suspended.Get().ok());
}

TEST_F(JobScheduleTest, CancelOfAJobThatIsBeingParkedWaitsForItsEndAndNobodyElseDoes) {
  const JobId low = Running(fetcher_, kLow);
  transfers_.StopAtOnce(false);
  const JobId high = Running(fetcher_, kHigh);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher_, low, cancelled.Callback());
  EXPECT_FALSE(cancelled.ready());
  EXPECT_TRUE(Runs(high));
  transfers_.EndStop(RunOf(low));
  EXPECT_EQ(cancelled.Get()->job.state, JobState::kCancelled);
  EXPECT_FALSE(Runs(low));
}

TEST_F(JobScheduleTest, AWaitingJobCanBeCancelledAndCompleted) {
  const JobId first = Running(fetcher_);
  const JobId second = Running(fetcher_);
  const JobId third = Running(fetcher_);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher_, second, cancelled.Callback());
  EXPECT_TRUE(cancelled.Get().ok());
  Reply<absl::StatusOr<JobOutcome>> completed;
  jobs().Complete(fetcher_, third, completed.Callback());
  EXPECT_EQ(completed.Get()->hresult, Hresult::kPartialComplete);
  Finish(first);
  EXPECT_EQ(transfers_.active(), 0u);
}

TEST_F(JobScheduleTest, AFailedJobLeavesItsSlotToTheNextAndComesBackBehind) {
  const JobId first = Running(fetcher_);
  const JobId second = Running(fetcher_);
  TransferFailure failure;
  failure.error.hresult = HttpHresult(503);
  RunOf(first)->events->OnFailed(failure);
  EXPECT_EQ(View(fetcher_, first).state, JobState::kTransientError);
  EXPECT_TRUE(Runs(second));
  ASSERT_TRUE(Resume(fetcher_, first).ok());
  EXPECT_FALSE(Runs(first));
  EXPECT_EQ(View(fetcher_, first).waiting_for, WaitingFor::kSlot);
}

TEST_F(JobScheduleTest, ATokenLentToAWaitingJobIsUsedWhenItsTurnComes) {
  const JobId first = Running(fetcher_);
  const JobId second = Create(fetcher_);
  const std::string handle = Handle(fetcher_, second, kAlice);
  ASSERT_TRUE(SetFlags(fetcher_, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher_, second).ok());
  ASSERT_TRUE(Resume(fetcher_, second).ok());
  ASSERT_TRUE(SetToken(As(kMallory), Handle(fetcher_, second, kMallory)).Get().ok());
  EXPECT_FALSE(Runs(second));
  Finish(first);
  EXPECT_EQ(RunOf(second)->download.local.sid, kMallory);
}

TEST_F(JobScheduleTest, ATokenClearedFromAWaitingJobEndsItsWait) {
  Running(fetcher_);
  const JobId second = Create(fetcher_);
  const std::string handle = Handle(fetcher_, second, kAlice);
  ASSERT_TRUE(SetFlags(fetcher_, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher_, second).ok());
  ASSERT_TRUE(Resume(fetcher_, second).ok());
  ASSERT_TRUE(ClearToken(fetcher_, handle).Get().ok());
  EXPECT_EQ(View(fetcher_, second).state, JobState::kError);
  EXPECT_EQ(View(fetcher_, second).waiting_for, WaitingFor::kToken);
}

TEST_F(JobScheduleTest, AStoreThatFailsWhileAJobIsParkedLosesNobody) {
  const JobId low = Running(fetcher_, kLow);
  const JobId high = Running(fetcher_, kHigh);
  store_.Fail(error::DiskFull("no room"));
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher_, high, suspended.Callback());
  EXPECT_FALSE(suspended.Get().ok());
  EXPECT_TRUE(Runs(low)) << "the withdrawal is in force: the slot is free";
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(high)->state == JobState::kSuspended; }));
}

}  // namespace
}  // namespace bitsd
