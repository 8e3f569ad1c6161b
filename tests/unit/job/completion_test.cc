// Complete under way, and what else is called meanwhile.

#include "server/error/errors.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

Hresult HresultOf(const absl::Status& status) { return DetailOf(status).hresult; }

class JobCompletionTest : public JobFixture {
 protected:
  /// Two files, transferred as whoever acts.
  JobId Transferred() {
    const JobId id = Create(fetcher_);
    EXPECT_TRUE(AddFile(fetcher_, id, "/d/0").ok());
    EXPECT_TRUE(AddFile(fetcher_, id, "/d/1").ok());
    return id;
  }
  void Transfer(const JobId& id) {
    EXPECT_TRUE(Resume(fetcher_, id).ok());
    const auto run = transfers_.last();
    for (uint32_t i = 0; i < 2; ++i) {
      FileProgress progress;
      progress.temporary = TemporaryFile{i == 0 ? "/d/.BIT0.tmp" : "/d/.BIT1.tmp",
                                         run->download.local.sid, FileId{1, 2 + i}};
      progress.size = progress.synced = 10;
      progress.transferred = true;
      run->events->OnFile(i, progress, std::nullopt);
    }
    run->events->OnDone();
    ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kTransferred; }));
  }
  Reply<absl::StatusOr<JobOutcome>> Complete(const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Complete(fetcher_, id, reply.Callback());
    return reply;
  }
  std::vector<bool> Completed(const JobId& id) {
    std::vector<bool> completed;
    for (const FileRecord& file : *View(fetcher_, id).record->files) {
      completed.push_back(file.completed);
    }
    return completed;
  }

  const Caller fetcher_ = As(kFetcher);
};

TEST_F(JobCompletionTest, ARepeatGetsTheAnswerOfTheFirst) {
  const JobId id = Transferred();
  Transfer(id);
  const auto first = Complete(id);
  const auto second = Complete(id);
  EXPECT_FALSE(second.ready());
  transfers_.last()->published({0, 1}, absl::OkStatus());
  EXPECT_EQ(first.Get()->hresult, Hresult::kOk);
  ASSERT_TRUE(second.Get().ok()) << second.Get().status();
  EXPECT_EQ(second.Get()->job.state, JobState::kAcknowledged);
  EXPECT_EQ(HresultOf(Complete(id).Get().status()), Hresult::kInvalidState);
  EXPECT_EQ(audit_.Count("job_completed"), 1u);
}

TEST_F(JobCompletionTest, AWithdrawalLeavesMarkedWhatIsInPlaceForTheFirstAndForARepeat) {
  const JobId id = Transferred();
  const Caller alice = As(kAlice);
  const std::string handle = Handle(fetcher_, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher_, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(alice, handle).Get().ok());
  Transfer(id);
  const auto first = Complete(id);
  const auto second = Complete(id);
  transfers_.StopAtOnce(false);
  const auto run = transfers_.last();
  const auto cleared = ClearToken(alice, handle);
  EXPECT_FALSE(cleared.ready()) << "it waits until nothing is put in place as alice";
  run->in_place = {0};
  transfers_.EndStop(run);
  EXPECT_TRUE(cleared.Get().ok());
  EXPECT_EQ(HresultOf(first.Get().status()), Hresult::kTokenRequired);
  EXPECT_EQ(HresultOf(second.Get().status()), Hresult::kTokenRequired);
  EXPECT_EQ(Completed(id), (std::vector{true, false}));
  transfers_.StopAtOnce(true);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher_, id, cancelled.Callback());
  ASSERT_TRUE(cancelled.Get().ok());
  ASSERT_EQ(transfers_.cleanups().back().files.size(), 1u);
  EXPECT_EQ(transfers_.cleanups().back().files[0].path, "/d/.BIT1.tmp");
}

TEST_F(JobCompletionTest, AWithdrawalThatComesWhenAllIsInPlaceChangesNothing) {
  const JobId id = Transferred();
  const Caller alice = As(kAlice);
  const std::string handle = Handle(fetcher_, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher_, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(alice, handle).Get().ok());
  Transfer(id);
  const auto completed = Complete(id);
  transfers_.StopAtOnce(false);
  const auto run = transfers_.last();
  const auto cleared = ClearToken(alice, handle);
  run->published({0, 1}, absl::OkStatus());
  transfers_.EndStop(run);
  ASSERT_TRUE(completed.Get().ok()) << completed.Get().status();
  EXPECT_EQ(completed.Get()->job.state, JobState::kAcknowledged);
  EXPECT_EQ(Completed(id), (std::vector{true, true}));
}

TEST_F(JobCompletionTest, CancelStopsItAndLeavesWhatIsInPlace) {
  const JobId id = Transferred();
  Transfer(id);
  const auto completed = Complete(id);
  transfers_.StopAtOnce(false);
  const auto run = transfers_.last();
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher_, id, cancelled.Callback());
  EXPECT_TRUE(run->stop_requested);
  EXPECT_FALSE(cancelled.ready());
  EXPECT_TRUE(transfers_.cleanups().empty()) << "not while files are put in place";
  run->in_place = {0};
  transfers_.EndStop(run);
  ASSERT_TRUE(cancelled.Get().ok()) << cancelled.Get().status();
  EXPECT_EQ(HresultOf(completed.Get().status()), Hresult::kInvalidState);
  EXPECT_EQ(View(fetcher_, id).state, JobState::kCancelled);
  EXPECT_EQ(Completed(id), (std::vector{true, false}));
  ASSERT_EQ(transfers_.cleanups().size(), 1u);
  EXPECT_EQ(transfers_.cleanups()[0].files.size(), 1u);
}

TEST_F(JobCompletionTest, CancelBeforeItsFirstFileLeavesNothingBehind) {
  const JobId id = Transferred();
  Transfer(id);
  store_.Hold();
  const auto completed = Complete(id);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher_, id, cancelled.Callback());
  store_.ReleaseAll();
  ASSERT_TRUE(cancelled.Get().ok()) << cancelled.Get().status();
  EXPECT_EQ(HresultOf(completed.Get().status()), Hresult::kInvalidState);
  EXPECT_TRUE(Eventually([&] { return !View(fetcher_, id).record->completing; }));
  EXPECT_EQ(View(fetcher_, id).state, JobState::kCancelled);
}

TEST_F(JobCompletionTest, SuspendResumeAndAddFilesWaitForItAndAreDecidedThen) {
  const JobId id = Transferred();
  Transfer(id);
  const auto completed = Complete(id);
  Reply<absl::StatusOr<JobView>> suspended;
  Reply<absl::StatusOr<JobView>> added;
  Reply<absl::StatusOr<JobView>> resumed;
  jobs().Suspend(fetcher_, id, suspended.Callback());
  jobs().AddFiles(fetcher_, id, {{"http://192.0.2.1/g", "/d/g"}}, "", added.Callback());
  jobs().Resume(fetcher_, id, resumed.Callback());
  EXPECT_FALSE(suspended.ready());
  EXPECT_FALSE(added.ready());
  EXPECT_FALSE(resumed.ready());
  transfers_.last()->published({0}, error::AccessDenied(Rule::kNotPermitted, "no"));
  EXPECT_EQ(HresultOf(completed.Get().status()), Hresult::kAccessDenied);
  EXPECT_EQ(suspended.Get()->state, JobState::kSuspended);
  EXPECT_TRUE(added.Get().ok());
  EXPECT_TRUE(resumed.Get().ok());
  EXPECT_EQ(View(fetcher_, id).record->files->size(), 3u);
}

TEST_F(JobCompletionTest, WhatWaitedForACompleteThatEndsTheJobIsAnInvalidState) {
  const JobId id = Transferred();
  Transfer(id);
  const auto completed = Complete(id);
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher_, id, suspended.Callback());
  transfers_.last()->published({0, 1}, absl::OkStatus());
  ASSERT_TRUE(completed.Get().ok());
  EXPECT_EQ(HresultOf(suspended.Get().status()), Hresult::kInvalidState);
}

TEST_F(JobCompletionTest, WhatComesBehindAnEndThatTheStoreRefusesWaitsUntilItIsThere) {
  const JobId id = Transferred();
  Transfer(id);
  const auto completed = Complete(id);
  store_.Hold();
  transfers_.last()->published({0}, error::AccessDenied(Rule::kNotPermitted, "no"));
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher_, id, suspended.Callback());
  ASSERT_TRUE(store_.ReleaseOne(error::DiskFull("no room")));
  EXPECT_EQ(HresultOf(completed.Get().status()), Hresult::kDiskFull);
  EXPECT_FALSE(suspended.ready());
  store_.ReleaseAll();
  EXPECT_EQ(suspended.Get()->state, JobState::kSuspended);
  EXPECT_EQ(Completed(id), (std::vector{true, false}));
}

}  // namespace
}  // namespace bitsd
