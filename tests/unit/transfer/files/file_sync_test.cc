// Small files that wait for the disk at the same time share one sync, and each has its own error.

#include "server/transfer/files/file_sync.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "server/base/unique_fd.h"

namespace {

std::atomic<int> common_syncs;
std::atomic<int> single_syncs;
std::atomic<int> common_error;
std::atomic<int> milliseconds_taken;
std::atomic<int> broken_fd;
std::atomic<bool> hold;
std::atomic<long> file_system;

}  // namespace

// These take the place of the C library's for this program.
extern "C" {

int syncfs(int fd) noexcept {
  ++common_syncs;
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds_taken));
  while (hold) std::this_thread::yield();
  errno = common_error;
  return common_error != 0 ? -1 : static_cast<int>(syscall(SYS_syncfs, fd));
}

int fdatasync(int fd) {
  ++single_syncs;
  errno = EIO;
  return fd == broken_fd ? -1 : 0;
}

int sync_file_range(int fd, off64_t, off64_t, unsigned) {
  errno = EIO;
  return fd == broken_fd ? -1 : 0;
}

int fstatfs(int, struct statfs* system) noexcept {
  system->f_type = file_system;
  return 0;
}
}

namespace bitsd {
namespace {

using Errors = std::vector<int>;

class FileSyncTest : public testing::Test {
 protected:
  FileSyncTest() {
    common_syncs = single_syncs = common_error = milliseconds_taken = 0;
    broken_fd = -1;
    hold = false;
    SetPatience(std::chrono::hours(1));
    file_system = EXT4_SUPER_MAGIC;
    for (UniqueFd& fd : files_) {
      char path[] = "/tmp/bitsd-sync-XXXXXX";
      fd.Reset(::mkostemp(path, O_CLOEXEC));
      ::unlink(path);
    }
  }

  std::vector<int> Files(size_t first, size_t count) const {
    std::vector<int> fds;
    for (size_t i = first; i < first + count; ++i) fds.push_back(files_[i].get());
    return fds;
  }
  std::future<Errors> Begin(std::vector<int> fds) {
    auto result = std::make_shared<std::promise<Errors>>();
    sync_->Sync(1, disks_.NewStrand(), std::move(fds),
                [result](Errors errors) { result->set_value(std::move(errors)); });
    return result->get_future();
  }
  void SetPatience(std::chrono::milliseconds patience) {
    sync_.emplace(disks_, FileSync::Patience{patience, std::chrono::milliseconds(0)});
  }
  Errors Sync(std::vector<int> fds) { return Begin(std::move(fds)).get(); }

  static constexpr size_t kMany = FileSync::kFewest;

  UniqueFd files_[3 * kMany];
  std::optional<FileSync> sync_;
  DiskPool disks_{4};
};

TEST_F(FileSyncTest, ManyFilesShareOneSync) {
  EXPECT_EQ(Sync(Files(0, kMany)), Errors(kMany, 0));
  EXPECT_EQ(common_syncs, 1);
  EXPECT_EQ(single_syncs, 0);
}

TEST_F(FileSyncTest, FewFilesAreSyncedByThemselves) {
  EXPECT_EQ(Sync(Files(0, kMany - 1)), Errors(kMany - 1, 0));
  EXPECT_EQ(common_syncs, 0);
  EXPECT_EQ(single_syncs, static_cast<int>(kMany) - 1);
}

TEST_F(FileSyncTest, WhoArrivesDuringASyncSharesTheNext) {
  hold = true;
  auto first = Begin(Files(0, kMany));
  while (common_syncs == 0) std::this_thread::yield();
  std::vector<std::future<Errors>> later;
  for (size_t i = kMany; i < 3 * kMany; ++i) later.push_back(Begin(Files(i, 1)));
  hold = false;
  EXPECT_EQ(first.get(), Errors(kMany, 0));
  for (auto& result : later) EXPECT_EQ(result.get(), Errors(1, 0));
  EXPECT_EQ(common_syncs, 2);
}

TEST_F(FileSyncTest, WhoArrivesDuringASlowSyncDoesNotWaitForIt) {
  SetPatience(std::chrono::milliseconds(1));
  hold = true;
  auto first = Begin(Files(0, kMany));
  while (common_syncs == 0) std::this_thread::yield();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::vector<std::future<Errors>> later;
  while (single_syncs == 0 && std::chrono::steady_clock::now() < deadline) {
    later.push_back(Begin(Files(kMany + 1, 1)));
    std::this_thread::yield();
  }
  EXPECT_GT(single_syncs, 0);
  EXPECT_EQ(first.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  hold = false;
  EXPECT_EQ(first.get(), Errors(kMany, 0));
  for (auto& result : later) EXPECT_EQ(result.get(), Errors(1, 0));
}

TEST_F(FileSyncTest, EachFileHasItsOwnError) {
  broken_fd = files_[1].get();
  Errors expected(kMany, 0);
  expected[1] = EIO;
  EXPECT_EQ(Sync(Files(0, kMany)), expected);
  EXPECT_EQ(single_syncs, 0);
}

TEST_F(FileSyncTest, ACommonSyncThatFailsAsksEachFile) {
  common_error = EIO;
  broken_fd = files_[2].get();
  Errors expected(kMany, 0);
  expected[2] = EIO;
  EXPECT_EQ(Sync(Files(0, kMany)), expected);
  EXPECT_EQ(single_syncs, static_cast<int>(kMany));
}

TEST_F(FileSyncTest, FileSystemsWhoseCommonSyncProvesNothingAreNotAskedForOne) {
  for (const long type : {0x65735546L /* FUSE */, 0x6969L /* NFS */, 0x01021994L /* tmpfs */}) {
    file_system = type;
    EXPECT_EQ(Sync(Files(0, kMany)), Errors(kMany, 0));
  }
  EXPECT_EQ(common_syncs, 0);
  EXPECT_EQ(single_syncs, 3 * static_cast<int>(kMany));
}

TEST_F(FileSyncTest, ACommonSyncThatWritesMuchOfOthersIsNotRepeatedSoon) {
  SetPatience(std::chrono::milliseconds(0));
  milliseconds_taken = 2;
  EXPECT_EQ(Sync(Files(0, kMany)), Errors(kMany, 0));
  EXPECT_EQ(Sync(Files(0, kMany)), Errors(kMany, 0));
  EXPECT_EQ(common_syncs, 1);
  EXPECT_EQ(single_syncs, static_cast<int>(kMany));
}

}  // namespace
}  // namespace bitsd
