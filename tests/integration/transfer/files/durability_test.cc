// Data is on the disk before the record says so; files are put in place durably; leftovers go.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <future>
#include <map>

#include "server/error/errors.h"
#include "tests/integration/transfer/transfer_fixture.h"
#include "tests/testing/wait.h"

namespace {

std::mutex sync_mutex;
std::map<ino_t, uint64_t> synced_sizes;  // By inode, what the last fdatasync covered.
std::atomic<int> sync_error{0};
std::atomic<int> common_syncs{0};

/// The size of everything this process has open, by inode.
std::map<ino_t, uint64_t> OpenFiles() {
  std::map<ino_t, uint64_t> sizes;
  for (int fd = 0; fd < 1024; ++fd) {
    struct stat info {};
    if (fstat(fd, &info) == 0) sizes[info.st_ino] = static_cast<uint64_t>(info.st_size);
  }
  return sizes;
}

}  // namespace

/// Takes the place of the C library's for this program.
extern "C" int fdatasync(int fd) {
  if (const int error = sync_error.load(); error != 0) {
    errno = error;
    return -1;
  }
  struct stat info {};
  fstat(fd, &info);
  const int result = static_cast<int>(syscall(SYS_fdatasync, fd));
  std::lock_guard lock(sync_mutex);
  synced_sizes[info.st_ino] = static_cast<uint64_t>(info.st_size);
  return result;
}

extern "C" int syncfs(int fd) noexcept {
  ++common_syncs;
  const std::map<ino_t, uint64_t> before = OpenFiles();
  const int result = static_cast<int>(syscall(SYS_syncfs, fd));
  std::lock_guard lock(sync_mutex);
  for (const auto& [inode, size] : before) synced_sizes[inode] = size;
  return result;
}

namespace bitsd::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Compares every record with what was really synced before it.
class DurabilityRecorder : public Recorder {
 public:
  using Recorder::Recorder;
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) override {
    for (const FileNews& file : news) Check(file.progress);
    Recorder::OnFiles(std::move(news), std::move(recorded));
  }
  void Check(const FileProgress& progress) {
    if (progress.synced == 0 && !progress.transferred) return;
    std::lock_guard lock(sync_mutex);
    EXPECT_GE(synced_sizes[progress.temporary->id.inode], progress.synced);
    EXPECT_TRUE(!progress.transferred || synced_sizes.count(progress.temporary->id.inode) == 1);
    ++checked;
  }
  std::atomic<int> checked{0};
};

class TransferDurabilityTest : public TransferTest {
 protected:
  ~TransferDurabilityTest() override { sync_error = 0; }
};

TEST_F(TransferDurabilityTest, RecordedProgressNeverRunsAheadOfTheDisk) {
  options_.sync_interval = 128 * 1024;
  Restart();
  const std::vector<FileRecord> files = {File("/slow/3000000/d", "a"), File("/plain/0/d", "b"),
                                         File("/plain/9000000/d", "c")};
  const auto recorder = std::make_shared<DurabilityRecorder>(files);
  const auto live = std::make_shared<LiveProgress>();
  Running running{recorder, live, nullptr};
  running.activity = service_->StartDownload({JobId::Random(),
                                              who_.sid,
                                              std::make_shared<const FileRecords>(files),
                                              who_,
                                              {"owner/owner", nullptr, {}},
                                              live,
                                              {}},
                                             recorder);
  ASSERT_TRUE(recorder->WaitForEnd());
  EXPECT_TRUE(recorder->done());
  EXPECT_GT(recorder->checked, 5);
  ASSERT_TRUE(running.Stop());
}

TEST_F(TransferDurabilityTest, WhatCameBeforeTheServerFellSilentIsSyncedByTime) {
  options_.sync_every = absl::Milliseconds(100);
  Restart();
  Running running = Start({File("/hangbody/100000/d", "stalled")});
  EXPECT_TRUE(running.recorder->WaitForSynced(50'000));
  EXPECT_EQ(running.recorder->files()[0].progress.synced, 50'000u) << "and no further byte came";
  ASSERT_TRUE(running.Stop());
}

TEST_F(TransferDurabilityTest, AHelpersDestinationThatIsAFolderIsFoundBeforeItIsDownloaded) {
  who_.is_helper = true;  // Nobody was there to look when the files were added.
  std::filesystem::create_directory(folder_.File("folder"));
  const auto recorder = Run({File("/plain/1000/late", "a"), File("/plain/2000/late", "folder")});
  const auto failure = recorder->failure();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->error.rule, "path_not_regular");
  EXPECT_EQ(failure->error.file_index, 1u);
  EXPECT_TRUE(recorder->files()[0].progress.transferred);
  EXPECT_THAT(Requests("/plain/2000/late"), IsEmpty());
}

TEST_F(TransferDurabilityTest, ManySmallFilesAreOnTheDiskBeforeTheRecordSaysSo) {
  std::vector<FileRecord> files;
  for (int i = 0; i < 200; ++i) files.push_back(File("/plain/4096/m", std::to_string(i)));
  const auto recorder = std::make_shared<DurabilityRecorder>(files);
  Running running{recorder, std::make_shared<LiveProgress>(), nullptr};
  running.activity = service_->StartDownload({JobId::Random(),
                                              who_.sid,
                                              std::make_shared<const FileRecords>(files),
                                              who_,
                                              {"owner/owner", nullptr, {}},
                                              running.live,
                                              {}},
                                             recorder);
  ASSERT_TRUE(recorder->WaitForEnd());
  EXPECT_TRUE(recorder->done());
  EXPECT_EQ(recorder->checked, 200);
  ASSERT_TRUE(running.Stop());
  EXPECT_LT(common_syncs, 100);
  const auto [done, status] = Complete(recorder->files());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(done, SizeIs(200));
  for (const FileRecord& file : files) {
    ASSERT_TRUE(ReadFile(file.local_name) == MisbehavingServer::Content(4096)) << file.local_name;
  }
}

TEST_F(TransferDurabilityTest, AFullDiskIsAnErrorOfItsOwnAndRecordsNothing) {
  sync_error = ENOSPC;
  const auto failure = Fails("/plain/100000/full", Hresult::kDiskFull);
  EXPECT_FALSE(failure.transient);
  EXPECT_EQ(failure.error.context, ErrorContext::kLocalFile);
}

TEST_F(TransferDurabilityTest, AFailedSyncIsNeverTakenForProgress) {
  sync_error = EIO;
  const auto recorder = Run({File("/plain/100000/eio", "eio")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_TRUE(recorder->failure()->transient);
  EXPECT_EQ(recorder->files()[0].progress.synced, 0u);
  EXPECT_FALSE(recorder->files()[0].progress.transferred);
}

TEST_F(TransferDurabilityTest, CompletionPublishesSyncsEachDirectoryOnceAndKeepsTheTime) {
  auto files = Run({File("/plain/10/p", "a"), File("/plain/20/p", "b")})->files();
  std::vector<std::string> operations;
  broker_.before = [&](const std::string& operation, const std::string&) {
    operations.push_back(operation);
    return absl::OkStatus();
  };
  const auto [done, status] = Complete(files);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(done, ElementsAre(0, 1));
  EXPECT_THAT(operations, ElementsAre("publish", "publish", "sync"));
  EXPECT_EQ(ReadFile(files[1].local_name), MisbehavingServer::Content(20));
  struct stat info {};
  ASSERT_EQ(stat(files[0].local_name.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
  EXPECT_EQ(absl::FromTimeT(info.st_mtime),
            absl::FromCivil(absl::CivilSecond(2025, 11, 1, 10, 0, 0), absl::UTCTimeZone()));
}

TEST_F(TransferDurabilityTest, CompletionStopsAtTheFirstErrorAndSyncsWhatIsInPlace) {
  auto files =
      Run({File("/plain/10/e", "a"), File("/plain/20/e", "b"), File("/plain/30/e", "c")})->files();
  int syncs = 0;
  broker_.before = [&](const std::string& operation, const std::string& path) {
    if (operation == "sync") ++syncs;
    const bool refused = operation == "publish" && path == files[1].local_name;
    return refused ? error::AccessDenied(Rule::kNotPermitted, "refused") : absl::OkStatus();
  };
  const auto [done, status] = Complete(files);
  EXPECT_EQ(DetailOf(status).rule, "not_permitted");
  EXPECT_THAT(done, ElementsAre(0));
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(ReadFile(files[2].local_name), "");
}

TEST_F(TransferDurabilityTest, AFileInADirectoryThatCouldNotBeSyncedIsNotReportedInPlace) {
  auto files = Run({File("/plain/10/s", "a")})->files();
  broker_.before = [](const std::string& operation, const std::string&) {
    return operation == "sync" ? absl::UnavailableError("no answer") : absl::OkStatus();
  };
  const auto [done, status] = Complete(files);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(done, IsEmpty());
  broker_.before = nullptr;
  const auto [again, repeated] = Complete(files);  // After a kill, too, it can be repeated.
  EXPECT_TRUE(repeated.ok());
  EXPECT_THAT(again, ElementsAre(0));
}

TEST_F(TransferDurabilityTest, CompletionStopsBetweenTwoMessagesAndSaysWhatIsInPlace) {
  folder_.MakeFolder("other", getuid(), getgid());
  auto files = Run({File("/plain/10/t", "a"), File("/plain/20/t", "other/b")})->files();
  std::promise<void> inside;
  std::promise<void> release;
  std::promise<void> stopped;
  broker_.before = [&](const std::string& operation, const std::string&) {
    if (operation == "publish") inside.set_value();
    if (operation == "publish") release.get_future().wait();
    return absl::OkStatus();
  };
  std::vector<PlacedFile> in_place;
  absl::Status status;
  CompletionTask task{
      JobId::Random(), who_.sid, std::make_shared<const FileRecords>(files), who_, {}};
  const auto activity = service_->StartCompletion(
      std::move(task), [&](std::vector<PlacedFile> published, absl::Status end) {
        in_place = std::move(published);
        status = std::move(end);
      });
  inside.get_future().wait();
  activity->Stop([&] { stopped.set_value(); });
  release.set_value();
  ASSERT_EQ(stopped.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_THAT(in_place, ElementsAre(0));
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_EQ(ReadFile(files[0].local_name).size(), 10u);
  EXPECT_EQ(ReadFile(files[1].local_name), "");
}

TEST_F(TransferDurabilityTest, CleanupRemovesAsTheCreatorThenAsTheOwnerAndReportsTheRest) {
  auto files = Run({File("/plain/10/c", "a"), File("/plain/10/c", "b")})->files();
  const TemporaryFile mine = *files[0].progress.temporary;
  const TemporaryFile other = *files[1].progress.temporary;
  broker_.before = [&](const std::string&, const std::string& path) {
    return path == other.path ? error::AccessDenied(Rule::kNotPermitted, "no") : absl::OkStatus();
  };
  ActingIdentity owner = who_;
  owner.sid = Sid(5, {21, 1, 2, 3, 1002});
  std::promise<std::vector<TemporaryFile>> left;
  const auto cleanup = service_->StartCleanup(
      {JobId::Random(), who_.sid, {mine, other}, {who_, owner}},
      [&](std::vector<TemporaryFile> rest, const std::vector<TemporaryFile>& untried) {
        EXPECT_THAT(untried, IsEmpty());
        left.set_value(std::move(rest));
      });
  EXPECT_THAT(left.get_future().get(), ElementsAre(other));
  EXPECT_EQ(access(mine.path.c_str(), F_OK), -1);
  EXPECT_THAT(audit_.Lines("temporary_removed"), SizeIs(3));
}

TEST_F(TransferDurabilityTest, DirectoriesAreCheckedAndTooManyWaitingChecksAreRefused) {
  std::promise<absl::Status> good;
  const CheckTask task{JobId::Random(), who_.sid, who_, {folder_.path()}};
  std::vector<std::unique_ptr<Activity>> checks;
  checks.push_back(
      service_->StartCheck(task, [&](absl::Status status) { good.set_value(std::move(status)); }));
  EXPECT_TRUE(good.get_future().get().ok());
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  broker_.before = [released](const std::string&, const std::string&) {
    released.wait();
    return absl::OkStatus();
  };
  std::promise<absl::Status> refused;
  for (int i = 0; i < 64; ++i) {
    checks.push_back(service_->StartCheck(task, [](const absl::Status&) {}));
  }
  checks.push_back(service_->StartCheck(
      task, [&](absl::Status status) { refused.set_value(std::move(status)); }));
  EXPECT_EQ(DetailOf(refused.get_future().get()).hresult, Hresult::kOutOfMemory);
  release.set_value();
}

TEST_F(TransferDurabilityTest, ACheckThatIsStoppedLooksAtNoFolderMoreAndOneThatWaitsAtNone) {
  std::promise<void> inside;
  std::promise<void> release;
  std::atomic<int> looks{0};
  broker_.before = [&](const std::string&, const std::string&) {
    if (looks++ > 0) return absl::OkStatus();
    inside.set_value();
    release.get_future().wait();
    return absl::OkStatus();
  };
  const std::vector<std::string> folders(100, folder_.path());
  const CheckTask task{JobId::Random(), who_.sid, who_, folders};
  std::atomic<bool> told{false};
  const auto tell = [&](const absl::Status&) { told = true; };
  const auto running = service_->StartCheck(task, tell);
  const auto waiting = service_->StartCheck(task, tell);
  inside.get_future().wait();
  std::promise<void> none;
  waiting->Stop([&] { none.set_value(); });
  EXPECT_EQ(none.get_future().wait_for(kPatience), std::future_status::ready)
      << "it does not wait for the one before it";
  std::promise<void> stopped;
  running->Stop([&] { stopped.set_value(); });
  release.set_value();
  ASSERT_EQ(stopped.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(looks, 1);
  EXPECT_FALSE(told);
}

TEST_F(TransferDurabilityTest, ACleanupThatIsStoppedSaysWhatItDidNotTry) {
  auto files = Run({File("/plain/10/c", "a"), File("/plain/10/c", "b")})->files();
  const TemporaryFile first = *files[0].progress.temporary;
  const TemporaryFile second = *files[1].progress.temporary;
  std::promise<void> inside;
  std::promise<void> release;
  broker_.before = [&](const std::string&, const std::string&) {
    inside.set_value();
    release.get_future().wait();
    return absl::OkStatus();
  };
  std::vector<TemporaryFile> untried;
  const auto cleanup = service_->StartCleanup(
      {JobId::Random(), who_.sid, {first, second}, {who_}},
      [&](const std::vector<TemporaryFile>& left, std::vector<TemporaryFile> rest) {
        EXPECT_THAT(left, IsEmpty());
        untried = std::move(rest);
      });
  inside.get_future().wait();
  std::promise<void> stopped;
  cleanup->Stop([&] { stopped.set_value(); });
  release.set_value();
  ASSERT_EQ(stopped.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_THAT(untried, ElementsAre(second));
  EXPECT_EQ(access(first.path.c_str(), F_OK), -1);
  EXPECT_EQ(access(second.path.c_str(), F_OK), 0);
}

TEST_F(TransferDurabilityTest, AFileThatIsInPlaceWithoutARecordIsNotLost) {
  const auto files = Run({File("/plain/10/k", "a"), File("/plain/20/k", "b")})->files();
  ASSERT_TRUE(Complete(files).second.ok());
  unlink(files[1].local_name.c_str());
  std::promise<std::vector<uint32_t>> lost;
  const auto look = service_->StartLook(
      {JobId::Random(), who_.sid, std::make_shared<const FileRecords>(files), who_, {}},
      [&](std::vector<uint32_t> indexes) { lost.set_value(std::move(indexes)); });
  EXPECT_THAT(lost.get_future().get(), ElementsAre(1)) << "somebody took it away";
}

TEST_F(TransferDurabilityTest, ALookFindsFilesThatAreGoneOrAnothersWhereANewOneCouldBeMade) {
  folder_.MakeFolder("closed", getuid(), getgid());
  auto files = Run({File("/plain/10/l", "there"), File("/plain/10/l", "gone"),
                    File("/plain/10/l", "anothers"), File("/plain/10/l", "closed/gone"),
                    File("/plain/10/l", "done")})
                   ->files();
  files[4].completed = true;
  for (const size_t gone : {1, 3, 4}) unlink(files[gone].progress.temporary->path.c_str());
  broker_.before = [&](const std::string& operation, const std::string& path) {
    const bool anothers = operation == "look" && path == files[2].progress.temporary->path;
    const bool closed = operation == "check" && path == folder_.path() + "/closed";
    return anothers || closed ? error::AccessDenied(Rule::kNotPermitted, "no") : absl::OkStatus();
  };
  std::promise<std::vector<uint32_t>> lost;
  const auto look = service_->StartLook(
      {JobId::Random(), who_.sid, std::make_shared<const FileRecords>(files), who_, {}},
      [&](std::vector<uint32_t> indexes) { lost.set_value(std::move(indexes)); });
  EXPECT_THAT(lost.get_future().get(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace bitsd::tests
