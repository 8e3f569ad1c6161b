// A wall clock that jumps: nothing waits for ever, nothing ends early that counts time, and a loan
// never lasts longer.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobClockTest : public JobFixture {
 protected:
  /// A job in TRANSIENT_ERROR as the store has it, which is tried again `left` from now and has
  /// this retry delay; its server asked for `asked`.
  JobId FailedBeforeTheRestart(absl::Duration left, absl::Duration delay,
                               absl::Duration asked = absl::ZeroDuration()) {
    const Caller fetcher = As(kFetcher);
    const JobId id = Create(fetcher);
    EXPECT_TRUE(AddFile(fetcher, id).ok());
    auto record = std::make_shared<JobRecord>(*memory_.Find(id));
    record->state = JobState::kTransientError;
    record->error = JobError{ErrorContext::kRemoteFile, HttpHresult(503), 503, "no", "", {}, {}};
    record->error->next_retry = clock_.Now() + left;
    record->minimum_retry_delay = delay;
    record->modification = *record->error->next_retry - std::max(delay, asked);
    StoreChange change;
    change.put = std::move(record);
    memory_.Commit({std::move(change)}, [](const absl::Status&) {});
    return id;
  }
};

TEST_F(JobClockTest, ARetryIsMadeWithinItsDelayThoughTheClockWasSetBackMeanwhile) {
  const JobId id = FailedBeforeTheRestart(absl::Milliseconds(200), absl::Milliseconds(200));
  Restart();
  EXPECT_EQ(View(As(kFetcher), id).state, JobState::kTransientError);
  clock_.Set(-absl::Hours(24));
  EXPECT_TRUE(Eventually([&] { return transfers_.last() != nullptr; }));
}

TEST_F(JobClockTest, ARetryIsMadeWithinItsDelayThoughTheClockWasSetBackWhileBitsdWasDown) {
  FailedBeforeTheRestart(absl::Hours(24), absl::Milliseconds(50));
  Restart();
  EXPECT_TRUE(Eventually([&] { return transfers_.last() != nullptr; }));
}

TEST_F(JobClockTest, ARestartDoesNotShortenWhatTheServerAskedFor) {
  const JobId id =
      FailedBeforeTheRestart(absl::Hours(1), absl::Milliseconds(1), /*asked=*/absl::Hours(1));
  Restart();
  Reply<absl::Status> later;  // Than the job's own delay.
  timer_.AtOrAfter(clock_.Now() + absl::Milliseconds(50), absl::Milliseconds(50),
                   [done = later.Callback()] { done(absl::OkStatus()); });
  ASSERT_TRUE(later.Get().ok());
  EXPECT_EQ(View(As(kFetcher), id).state, JobState::kTransientError);
}

TEST_F(JobClockTest, ARetryIsDueWhenTheClockIsSetForwardToIt) {
  const JobId id = FailedBeforeTheRestart(absl::Hours(1), absl::Hours(2));
  Restart();
  EXPECT_EQ(View(As(kFetcher), id).state, JobState::kTransientError);
  clock_.Set(absl::Hours(2));
  EXPECT_TRUE(Eventually([&] { return transfers_.last() != nullptr; }));
}

TEST_F(JobClockTest, AHandleEndsWithItsCertificateByTheWallClock) {
  const Caller fetcher = As(kFetcher);
  const std::string handle = Handle(fetcher, Create(fetcher));
  EXPECT_TRUE(jobs().GetHelperTokenFlags(fetcher, handle).ok());
  clock_.Set(absl::Hours(25));  // The certificates of JobFixture last 24.
  EXPECT_EQ(DetailOf(jobs().GetHelperTokenFlags(fetcher, handle).status()).hresult,
            Hresult::kDisconnected);
}

TEST_F(JobClockTest, AStoreIsTriedAgainThoughTheClockWasSetBack) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  store_.Fail(error::DiskFull("no room"));
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher, id, suspended.Callback());
  EXPECT_FALSE(suspended.Get().ok());
  clock_.Set(-absl::Hours(24));
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->state == JobState::kSuspended; }));
}

TEST_F(JobClockTest, AHandleInUseOutlivesAClockThatIsSetForward) {
  const Caller fetcher = As(kFetcher);
  const std::string handle = Handle(fetcher, Create(fetcher));
  clock_.Set(absl::Hours(2));
  EXPECT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
}

TEST_F(JobClockTest, AFinishedJobIsKeptForItsTimeThoughTheClockIsSetForward) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  ASSERT_TRUE(cancelled.Get().ok());
  clock_.Set(absl::Hours(24));
  // Something else that the timer does by the wall clock was looked at since.
  Reply<absl::Status> looked;
  timer_.At(clock_.Now() - absl::Hours(1), [done = looked.Callback()] { done(absl::OkStatus()); });
  ASSERT_TRUE(looked.Get().ok());
  EXPECT_TRUE(jobs().GetJob(fetcher, id).ok());
}

TEST_F(JobClockTest, ALoanEndsAfterItsTimeThoughTheClockWasSetBack) {
  options_.token_max_ttl = absl::Milliseconds(500);
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  clock_.Set(-absl::Hours(24));
  EXPECT_TRUE(Eventually([&] { return View(fetcher, id).token_sid == std::nullopt; }));
  EXPECT_EQ(audit_.Count("helper_token_expires_soon"), 1u) << "announced in time, and once";
}

TEST_F(JobClockTest, ATokenEndsWithItsLeaseThoughTheClockWasSetBack) {
  limits_.min_ttl = absl::Milliseconds(300);
  sessions_.Reconfigure(limits_);
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  Reply<absl::StatusOr<SessionPtr>> reply;
  const Caller alice = As(kAlice);
  sessions_.Logon(
      *alice.token, absl::Milliseconds(300), [] { return true; }, reply.Callback());
  ASSERT_TRUE(SetToken({alice.token, *reply.Get()}, Handle(fetcher, id, kAlice)).Get().ok());
  clock_.Set(-absl::Hours(24));
  EXPECT_TRUE(Eventually([&] { return View(fetcher, id).token_sid == std::nullopt; }));
}

TEST_F(JobClockTest, WhatACancelLeftIsRemovedThoughTheClockWasSetBack) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const auto run = transfers_.last();
  FileProgress progress;
  progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{1, 2}};
  run->events->OnFile(0, progress, std::nullopt);
  store_.Fail(error::DiskFull("no room"));
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  EXPECT_FALSE(cancelled.Get().ok());
  clock_.Set(-absl::Hours(24));
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return !transfers_.cleanups().empty(); }));
}

TEST_F(JobClockTest, ALoanEndsWhenTheClockIsSetForwardBeyondIt) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  clock_.Set(absl::Hours(48));
  EXPECT_TRUE(Eventually([&] { return View(fetcher, id).token_sid == std::nullopt; }));
}

}  // namespace
}  // namespace bitsd
