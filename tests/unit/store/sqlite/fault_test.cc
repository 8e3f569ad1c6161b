// A disk that fails while the durable store works with it.

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "server/error/errors.h"
#include "server/store/sqlite/sqlite.h"
#include "tests/unit/store/store_fixture.h"

namespace {

std::atomic<int> syncs{0};

}  // namespace

/// Takes the place of the C library's for this program.
extern "C" int fdatasync(int fd) {
  ++syncs;
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

namespace bitsd {
namespace {

/// Writes beyond this size fail, in every file of this process, until it is destroyed.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_;
};

/// A job that takes about this much.
JobRecordPtr Large(size_t bytes) {
  auto job = NewJobRecord(bytes / 2000);
  auto files = std::make_shared<FileRecords>(*job->files);
  for (size_t i = 0; i < files->size(); ++i) {
    files->Edit(i).remote_name = "http://192.0.2.1/" + std::string(1900, 'x');
  }
  job->files = std::move(files);
  return job;
}

off_t SizeOf(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : -1;
}

TEST(StoreFaultTest, AnIoErrorIsAClearRefusalAndItRecoversByItself) {
  DurableStore store;
  const auto job = NewJobRecord(1);
  ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
  const auto large = Large(1 << 20);
  {
    const FileSizeLimit limit(256 << 10);
    const absl::Status status = CommitNow(*store, {Put(large)});
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_EQ(DetailOf(status).hresult, Hresult::kOutOfMemory);
  }
  EXPECT_TRUE(CommitNow(*store, {Put(large)}).ok());
  ASSERT_TRUE(store.Open().ok());
  Contents contents;
  ASSERT_TRUE(store->Load(contents.Visitor()).ok());
  EXPECT_EQ(contents.jobs.size(), 2u);
  ExpectSame(*contents.jobs.at(large->id), *large);
}

TEST(StoreFaultTest, TheJournalIsWrittenBackBeforeItGrowsLarge) {
  DurableStore store;
  const auto job = Large(1 << 20);
  off_t largest = 0;
  for (int i = 0; i < 48; ++i) {
    ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
    largest = std::max(largest, SizeOf(store.file() + "-wal"));
  }
  EXPECT_GT(largest, 8 << 20);
  EXPECT_LT(largest, 24 << 20);
}

TEST(StoreFaultTest, ADiskThatIsFullOfJournalHasRoomAgain) {
  DurableStore store;
  const auto job = Large(100 << 10);
  const FileSizeLimit limit(512 << 10);
  for (int i = 0; i < 20; ++i) {
    const absl::Status status = CommitNow(*store, {Put(job)});
    ASSERT_TRUE(status.ok()) << i << ": " << status;
  }
}

TEST(StoreFaultTest, WhatIsAcknowledgedWasSyncedBefore) {
  DurableStore store;
  for (int i = 0; i < 5; ++i) {
    const int before = syncs;
    ASSERT_TRUE(CommitNow(*store, {Put(NewJobRecord(1))}).ok());
    EXPECT_GT(syncs, before);
  }
}

TEST(StoreFaultTest, WhoMakesABackupHoldsACommitUpAndDoesNotFailIt) {
  DurableStore store;
  auto backup = sqlite::Connection::Open(store.file());
  ASSERT_TRUE(backup.ok());
  ASSERT_TRUE(backup->Execute("BEGIN IMMEDIATE").ok());
  std::promise<absl::Status> answer;
  std::future<absl::Status> answered = answer.get_future();
  store->Commit({Put(NewJobRecord(1))},
                [&](absl::Status status) { answer.set_value(std::move(status)); });
  EXPECT_EQ(answered.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  ASSERT_TRUE(backup->Execute("ROLLBACK").ok());
  EXPECT_TRUE(answered.get().ok());
}

/// Commits, and at each good answer again, `left` times in all.
void CommitInTurn(JobStore& store, std::atomic<int>& good, int left) {
  if (left == 0) return;
  store.Commit({Put(NewJobRecord(1))}, [&store, &good, left](const absl::Status& status) {
    if (!status.ok()) return;
    ++good;
    CommitInTurn(store, good, left - 1);
  });
}

TEST(StoreFaultTest, WhatAnAnswerLeadsToIsWrittenBeforeTheEnd) {
  DurableStore store;
  std::atomic<int> good = 0;
  CommitInTurn(*store, good, 20);
  store->Stop();
  EXPECT_EQ(good, 20);
}

TEST(StoreFaultTest, AStoreThatWasStoppedRefusesAndHasAllInOneFile) {
  DurableStore store;
  ASSERT_TRUE(CommitNow(*store, {Put(NewJobRecord(1))}).ok());
  store->Stop();
  EXPECT_FALSE(CommitNow(*store, {Put(NewJobRecord(1))}).ok());
  EXPECT_EQ(SizeOf(store.file() + "-wal"), 0);
}

}  // namespace
}  // namespace bitsd
