// The order of changes: decide, commit, apply, answer; and what a withdrawal does before its
// commit.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobOrderTest : public JobFixture {};

TEST_F(JobOrderTest, AnAcknowledgedChangeIsInTheStore) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  ASSERT_NE(memory_.Find(id), nullptr);
  EXPECT_EQ(memory_.Find(id)->state, JobState::kQueued);
  EXPECT_EQ(memory_.Find(id)->revision, View(fetcher, id).record->revision);
}

TEST_F(JobOrderTest, AGrantIsNeitherVisibleNorUsedBeforeItsCommit) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  store_.Hold();
  Reply<absl::StatusOr<JobView>> resumed;
  jobs().Resume(fetcher, id, resumed.Callback());
  EXPECT_FALSE(resumed.ready());
  EXPECT_EQ(View(fetcher, id).state, JobState::kSuspended);
  EXPECT_EQ(transfers_.runs().size(), 0u);
  store_.ReleaseAll();
  EXPECT_TRUE(resumed.Get().ok());
  EXPECT_EQ(transfers_.runs().size(), 1u);
}

TEST_F(JobOrderTest, SuspendStopsTheTransferBeforeItsCommitAndAnswersAfterBoth) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  transfers_.StopAtOnce(false);
  store_.Hold();
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher, id, suspended.Callback());
  EXPECT_TRUE(transfers_.last()->stop_requested);
  store_.ReleaseAll();
  EXPECT_FALSE(suspended.ready()) << "the transfer still runs";
  transfers_.EndStop(transfers_.last());
  EXPECT_EQ(suspended.Get()->state, JobState::kSuspended);
}

TEST_F(JobOrderTest, AClearedFlagParksTheJobUntilItsCommitAndThenTheOwnerGoesOn) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  ASSERT_EQ(transfers_.last()->download.local.sid, kAlice);
  store_.Hold();
  const auto cleared = SetFlags(fetcher, handle, 0);
  EXPECT_EQ(transfers_.active(), 0u) << "the helper's identity is no longer used";
  EXPECT_EQ(transfers_.runs().size(), 1u) << "the owner's is not used before the commit";
  EXPECT_EQ(View(fetcher, id).record->error, std::nullopt);
  store_.ReleaseAll();
  EXPECT_TRUE(cleared.Get().ok());
  ASSERT_EQ(transfers_.runs().size(), 2u);
  EXPECT_EQ(transfers_.last()->download.local.sid, kFetcher);
}

TEST_F(JobOrderTest, AWithdrawalStaysInForceWhenItsCommitFailsAndIsCommittedLater) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  store_.Fail(error::DiskFull("no room"));
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher, id, suspended.Callback());
  EXPECT_EQ(DetailOf(suspended.Get().status()).hresult, Hresult::kDiskFull);
  EXPECT_EQ(transfers_.active(), 0u);
  EXPECT_EQ(View(fetcher, id).state, JobState::kSuspended);
  EXPECT_EQ(View(fetcher, id).waiting_for, WaitingFor::kStore);
  EXPECT_EQ(memory_.Find(id)->state, JobState::kQueued);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->state == JobState::kSuspended; }));
  EXPECT_EQ(transfers_.runs().size(), 1u);
}

TEST_F(JobOrderTest, EvenTheStoresErrorIsAnsweredOnlyOnceTheTransferHasStopped) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  transfers_.StopAtOnce(false);
  store_.Fail(error::DiskFull("no room"));
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher, id, suspended.Callback());
  EXPECT_FALSE(suspended.ready()) << "the transfer still runs";
  transfers_.EndStop(transfers_.last());
  EXPECT_EQ(DetailOf(suspended.Get().status()).hresult, Hresult::kDiskFull);
}

TEST_F(JobOrderTest, AFailedGrantLeavesNothingBehind) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  store_.Fail(error::DiskFull("no room"));
  EXPECT_FALSE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  EXPECT_EQ(View(fetcher, id).record->token_flags, 0u);
}

TEST_F(JobOrderTest, WhatWasDecidedBehindAFailedCommitIsDecidedAgain) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  store_.Hold();
  Reply<absl::StatusOr<JobView>> added;
  jobs().AddFiles(fetcher, id, {{"http://192.0.2.1/f", "/d/f"}}, "", added.Callback());
  Reply<absl::StatusOr<JobView>> resumed;
  jobs().Resume(fetcher, id, resumed.Callback());
  ASSERT_EQ(store_.held(), 1u);
  store_.ReleaseOne(error::DiskFull("no room"));
  EXPECT_FALSE(added.Get().ok());
  store_.ReleaseAll();
  EXPECT_EQ(DetailOf(resumed.Get().status()).hresult, Hresult::kEmpty)
      << "the file it counted on was never added";
}

TEST_F(JobOrderTest, ARefusalWaitsForTheChangeItWasJudgedAgainst) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  store_.Hold();
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher, id, suspended.Callback());
  EXPECT_FALSE(suspended.ready());
  store_.ReleaseAll();
  EXPECT_TRUE(cancelled.Get().ok());
  EXPECT_EQ(DetailOf(suspended.Get().status()).hresult, Hresult::kInvalidState);
}

TEST_F(JobOrderTest, ChangesThatComeDuringACommitShareTheNext) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  store_.Hold();
  std::vector<Reply<absl::Status>> replies;
  for (uint32_t i = 0; i < 20; ++i) replies.push_back(SetFlags(fetcher, handle, i % 4));
  const size_t before = store_.commits();
  store_.ReleaseAll();
  for (const auto& reply : replies) EXPECT_TRUE(reply.Get().ok());
  EXPECT_LE(store_.commits() - before, 1u);
  EXPECT_EQ(View(fetcher, id).record->token_flags, 3u);
}

TEST_F(JobOrderTest, AReplacedTokenStopsAtOnceAndTheNewOneWaitsForTheCommit) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  store_.Hold();
  const auto replaced = SetToken(As(kMallory), handle);
  EXPECT_EQ(transfers_.active(), 0u);
  EXPECT_EQ(transfers_.runs().size(), 1u);
  store_.ReleaseAll();
  EXPECT_TRUE(replaced.Get().ok());
  EXPECT_EQ(transfers_.last()->download.local.sid, kMallory);
  EXPECT_EQ(View(fetcher, id).record->error, std::nullopt) << "replacing is not discarding";
}

TEST_F(JobOrderTest, ARefreshBySameIdentityDisturbsNothing) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  EXPECT_EQ(transfers_.runs().size(), 1u);
  EXPECT_FALSE(transfers_.last()->stop_requested);
}

TEST_F(JobOrderTest, ATokenWhoseSessionEndsBeforeTheCommitIsNeverUsed) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  const Caller alice = As(kAlice);
  store_.Hold();
  const auto set = SetToken(alice, handle);
  alice.session->Close();
  store_.ReleaseAll();
  set.Get().IgnoreError();
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
  EXPECT_EQ(View(fetcher, id).state, JobState::kError);
  for (const auto& run : transfers_.runs()) EXPECT_NE(run->download.local.sid, kAlice);
}

TEST_F(JobOrderTest, ATokenThatExpiresBeforeItsCommitIsNeverUsed) {
  options_.token_max_ttl = absl::Milliseconds(20);
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  store_.Hold();
  const auto set = SetToken(As(kAlice), handle);
  Reply<absl::StatusOr<JobView>> resumed;
  jobs().Resume(fetcher, id, resumed.Callback());
  ASSERT_TRUE(Eventually([&] { return audit_.Count("helper_token_discarded") == 1; }));
  store_.ReleaseAll();
  set.Get().IgnoreError();
  for (const auto& run : transfers_.runs()) EXPECT_NE(run->download.local.sid, kAlice);
}

TEST_F(JobOrderTest, ASessionThatHasEndedLendsNothing) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  const Caller alice = As(kAlice);
  alice.session->Close();
  EXPECT_EQ(DetailOf(SetToken(alice, handle).Get().status()).hresult, Hresult::kNotLoggedOn);
}

TEST_F(JobOrderTest, CancelRemovesFilesOnlyAfterItsCommit) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FileProgress progress;
  progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{1, 2}};
  transfers_.last()->events->OnFile(0, progress, std::nullopt);
  store_.Hold();
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  EXPECT_TRUE(transfers_.cleanups().empty());
  store_.ReleaseAll();
  EXPECT_TRUE(cancelled.Get().ok());
  EXPECT_EQ(transfers_.cleanups().size(), 1u);
}

TEST_F(JobOrderTest, ADownloadIsToldWhenTheStoreHasItsNewsAndNotBefore) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FileProgress planned;
  planned.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{}};
  std::vector<bool> told;
  const auto report = [&] {
    transfers_.last()->events->OnFiles({{0, planned, std::nullopt}},
                                       [&](bool recorded) { told.push_back(recorded); });
  };
  store_.Hold();
  report();
  EXPECT_TRUE(told.empty());
  store_.ReleaseAll();
  EXPECT_EQ(told, std::vector<bool>{true});
  EXPECT_EQ((*memory_.Find(id)->files)[0].progress.temporary, planned.temporary);
  planned.temporary->path = "/d/.BIT0000000000000002.tmp";
  store_.Fail(error::DiskFull("no room"));
  report();
  EXPECT_EQ(told, (std::vector<bool>{true, false}));
}

TEST_F(JobOrderTest, CancelRemovesWhatWasPlannedAndMayHaveBeenCreated) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FileProgress planned;
  planned.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{}};
  transfers_.last()->events->OnFile(0, planned, std::nullopt);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  EXPECT_TRUE(cancelled.Get().ok());
  ASSERT_EQ(transfers_.cleanups().size(), 1u);
  EXPECT_EQ(transfers_.cleanups().front().files.front(), *planned.temporary);
}

TEST_F(JobOrderTest, AFailedCancelStaysInForceAndIsFinishedLater) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  store_.Fail(error::DiskFull("no room"));
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  EXPECT_FALSE(cancelled.Get().ok());
  EXPECT_EQ(transfers_.active(), 0u);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->state == JobState::kCancelled; }));
}

TEST_F(JobOrderTest, AFileAddedWhileTheJobRunsIsTransferredToo) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  ASSERT_TRUE(AddFile(fetcher, id, "/d/g").ok());
  FinishDownload();
  EXPECT_EQ(transfers_.runs().size(), 2u);
  EXPECT_NE(View(fetcher, id).state, JobState::kTransferred);
}

TEST_F(JobOrderTest, NothingStartsAgainWhileTheEndOfATransferIsCommitted) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  store_.Hold();
  FinishDownload();
  EXPECT_EQ(transfers_.runs().size(), 1u);
  store_.ReleaseAll();
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  EXPECT_EQ(transfers_.runs().size(), 1u);
}

}  // namespace
}  // namespace bitsd
