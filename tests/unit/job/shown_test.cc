// What a job shows: the revision rises with it, nothing is told twice, nothing falls back.

#include <map>

#include "server/error/errors.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobShownTest : public JobFixture {
 protected:
  void Describe(const JobId& id, std::optional<uint64_t> revision, bool expect) {
    JobUpdate update;
    update.description = "another";
    update.expected_revision = revision;
    Reply<absl::StatusOr<JobView>> reply;
    jobs().UpdateJob(fetcher_, id, update, reply.Callback());
    EXPECT_EQ(reply.Get().ok(), expect) << reply.Get().status();
  }
  std::unique_ptr<JobWatch> Watch() {
    return *jobs().WatchJobs(fetcher_, {}, [] {});
  }
  static std::vector<JobView> Read(JobWatch& watch) {
    std::vector<JobView> views;
    while (auto event = watch.Next()) {
      if (event->job) views.push_back(*event->job);
    }
    return views;
  }

  const Caller fetcher_ = As(kFetcher);
};

TEST_F(JobShownTest, TheRevisionRisesWhenATokenComesAndGoesBeforeItIsStored) {
  const JobId id = Create(fetcher_);
  const std::string handle = Handle(fetcher_, id, kAlice);
  const uint64_t without = View(fetcher_, id).revision;
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  const JobView with = View(fetcher_, id);
  EXPECT_TRUE(with.token_sid);
  EXPECT_GT(with.revision, without);
  store_.Hold();
  const auto cleared = ClearToken(As(kAlice), handle);
  const JobView withdrawn = View(fetcher_, id);
  EXPECT_FALSE(withdrawn.token_sid);
  EXPECT_GT(withdrawn.revision, with.revision);
  store_.ReleaseAll();
  EXPECT_TRUE(cleared.Get().ok());
  EXPECT_GE(View(fetcher_, id).revision, withdrawn.revision);
  EXPECT_EQ(View(fetcher_, id).revision, View(fetcher_, id).revision);
}

TEST_F(JobShownTest, TheRevisionRisesWithStatesAndBytes) {
  const JobId id = Running(fetcher_);
  const auto run = transfers_.last();
  uint64_t last = View(fetcher_, id).revision;
  run->events->OnPhase(true);
  EXPECT_GT(View(fetcher_, id).revision, last);
  last = View(fetcher_, id).revision;
  run->download.progress->bytes = 5;
  EXPECT_GT(View(fetcher_, id).revision, last);
}

TEST_F(JobShownTest, BytesMakeNoRevisionStaleButEveryChangeDoes) {
  const JobId id = Running(fetcher_);
  const uint64_t read = View(fetcher_, id).revision;
  transfers_.last()->download.progress->bytes = 5;
  EXPECT_GT(View(fetcher_, id).revision, read);
  Describe(id, read, true);
  Describe(id, read, false);
  Describe(id, View(fetcher_, id).revision + 1, false);
  Describe(id, View(fetcher_, id).revision, true);
}

TEST_F(JobShownTest, RecordedProgressMakesNoRevisionStale) {
  const JobId id = Running(fetcher_);
  const auto run = transfers_.last();
  const uint64_t read = View(fetcher_, id).revision;
  FileNews news;
  news.index = 0;
  news.progress.size = 100;
  news.progress.synced = 50;
  Reply<absl::StatusOr<bool>> recorded;
  run->events->OnFiles({news}, recorded.Callback());
  ASSERT_TRUE(*recorded.Get());
  EXPECT_GT(View(fetcher_, id).revision, read);
  Describe(id, read, true);
  Describe(id, read, false);
  const uint64_t described = View(fetcher_, id).revision;
  news.progress.synced = 60;
  run->events->OnFiles({news}, nullptr);
  FinishDownload();
  ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kTransferred; }));
  Describe(id, described, false);
}

TEST_F(JobShownTest, AChangeThatTheStoreRefusedMakesNoRevisionStale) {
  const JobId id = Create(fetcher_);
  const uint64_t read = View(fetcher_, id).revision;
  store_.Fail(error::StoreUnavailable("no"));
  Describe(id, read, false);
  store_.Fail(absl::OkStatus());
  Describe(id, read, true);
}

TEST_F(JobShownTest, AfterARestartRevisionsGoOnAboveWhatWasShown) {
  const JobId id = Running(fetcher_);
  for (uint64_t bytes = 1; bytes < 100; ++bytes) {
    transfers_.last()->download.progress->bytes = bytes;
    View(fetcher_, id);
  }
  const uint64_t before = View(fetcher_, id).revision;
  Restart();
  EXPECT_GT(View(fetcher_, id).revision, before);
}

TEST_F(JobShownTest, RestartsWithoutACommitShowNoRevisionAgain) {
  const JobId id = Running(fetcher_);
  uint64_t last = View(fetcher_, id).revision;
  for (int i = 0; i < 3; ++i) {
    Restart();
    for (uint64_t bytes = 1; bytes < 100; ++bytes) {
      transfers_.last()->download.progress->bytes = bytes;
      EXPECT_GT(View(fetcher_, id).revision, last);
      last = View(fetcher_, id).revision;
    }
  }
}

TEST_F(JobShownTest, AWatchTellsNothingTwiceAndEachRevisionOnce) {
  const JobId id = Create(fetcher_);
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  const auto watch = Watch();
  std::map<uint64_t, size_t> told;
  const auto read = [&] {
    for (const JobView& view : Read(*watch)) ++told[view.revision];
  };
  read();
  const std::string handle = Handle(fetcher_, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  read();
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  const auto run = transfers_.last();
  run->events->OnPhase(false);
  read();
  run->events->OnPhase(true);
  read();
  run->events->OnPhase(true);
  ASSERT_TRUE(ClearToken(As(kAlice), handle).Get().ok());
  read();
  ASSERT_TRUE(ClearToken(As(kAlice), handle).Get().ok());
  FinishDownload();
  ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kTransferred; }));
  ASSERT_TRUE(Eventually([&] { return transfers_.active() == 0; }));
  read();
  EXPECT_GE(told.size(), 4u);
  for (const auto& [revision, times] : told) EXPECT_EQ(times, 1u) << revision;
}

TEST_F(JobShownTest, AJobThatHasEverythingIsTransferringUntilThatIsStored) {
  const JobId id = Running(fetcher_);
  const auto run = transfers_.last();
  run->events->OnPhase(true);
  run->download.progress->bytes = 10;
  store_.Hold();
  FinishDownload();
  EXPECT_EQ(transfers_.active(), 0u) << "nothing goes on any more";
  JobView view = View(fetcher_, id);
  EXPECT_EQ(view.state, JobState::kTransferring);
  EXPECT_EQ(view.bytes_transferred, 10u);
  EXPECT_EQ(jobs().ListFiles(fetcher_, id, 0, "")->files[0].bytes_transferred, 10u);
  store_.ReleaseAll();
  ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kTransferred; }));
  EXPECT_EQ(View(fetcher_, id).bytes_transferred, 10u);
}

TEST_F(JobShownTest, WhatIsSyncedIsShownBeforeItIsStoredButNoFileThatIsJustAdded) {
  const JobId id = Create(fetcher_);
  ASSERT_TRUE(AddFile(fetcher_, id, "/d/0").ok());
  ASSERT_TRUE(AddFile(fetcher_, id, "/d/1").ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  const auto run = transfers_.last();
  run->events->OnPhase(true);
  store_.Hold();
  FileProgress progress;
  progress.temporary = TemporaryFile{"/d/.BIT0.tmp", kFetcher, FileId{1, 2}};
  progress.size = progress.synced = 10;
  progress.transferred = true;
  run->events->OnFile(0, progress, std::nullopt);
  run->download.progress->file = 1;
  Reply<absl::StatusOr<JobView>> added;
  jobs().AddFiles(fetcher_, id, {{"http://192.0.2.1/g", "/d/2"}}, "", added.Callback());
  const JobView view = View(fetcher_, id);
  EXPECT_EQ(view.bytes_transferred, 10u);
  EXPECT_EQ(view.files_transferred, 1u);
  EXPECT_EQ(view.record->files->size(), 2u);
  store_.ReleaseAll();
  EXPECT_TRUE(added.Get().ok());
}

TEST_F(JobShownTest, AnotherConnectionOfATransferIsNoStepBack) {
  const JobId id = Running(fetcher_);
  transfers_.last()->events->OnPhase(true);
  transfers_.last()->events->OnPhase(false);
  EXPECT_EQ(View(fetcher_, id).state, JobState::kTransferring);
}

}  // namespace
}  // namespace bitsd
