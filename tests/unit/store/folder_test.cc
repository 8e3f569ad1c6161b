// The folder of the durable store: whose it is, who may use it, and by how many.

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

using testing::Test;

std::string Refusal(DurableStore& store) {
  const absl::Status status = store.Open();
  EXPECT_FALSE(status.ok());
  return std::string(status.message());
}

#define EXPECT_SAYS(text, words) EXPECT_NE((text).find(words), std::string::npos) << (text)

TEST(StoreFolderTest, ASecondStoreOnTheFolderIsRefusedAndChangesNothing) {
  DurableStore store;
  const auto job = NewJobRecord(1);
  ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
  const auto second = SqliteStore::Open(store.folder());
  ASSERT_FALSE(second.ok());
  EXPECT_SAYS(std::string(second.status().message()), "another bitsd works with this store");
  EXPECT_TRUE(CommitNow(*store, {Put(NewJobRecord())}).ok()) << "the first is not disturbed";
  store.Close();
  EXPECT_TRUE(store.Open().ok()) << "the lock ends with its holder";
}

TEST(StoreFolderTest, ItsFilesAreForNobodyElse) {
  DurableStore store;
  ASSERT_TRUE(CommitNow(*store, {Put(NewJobRecord())}).ok());
  for (const char* name : {"", "-wal", "-shm"}) {
    struct stat info;
    ASSERT_EQ(stat((store.file() + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 07777, 0600u) << name;
  }
}

TEST(StoreFolderTest, AFolderThatOthersMayWriteIsRefused) {
  DurableStore store;
  store.Close();
  ASSERT_EQ(chmod(store.folder().c_str(), 0770), 0);
  EXPECT_SAYS(Refusal(store), "chmod go-w");
}

TEST(StoreFolderTest, AFileThatOthersMayReadIsRefused) {
  DurableStore store;
  store.Close();
  ASSERT_EQ(chmod(store.file().c_str(), 0640), 0);
  EXPECT_SAYS(Refusal(store), "chmod 600");
}

TEST(StoreFolderTest, AFileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: gives a file away";
  DurableStore store;
  store.Close();
  ASSERT_EQ(chown(store.file().c_str(), 61001, 61001), 0);
  EXPECT_SAYS(Refusal(store), "belongs to uid 61001");
}

TEST(StoreFolderTest, ALinkInPlaceOfTheFileIsNotFollowed) {
  DurableStore store;
  store.Close();
  const std::string elsewhere = store.folder() + "/elsewhere";
  ASSERT_EQ(rename(store.file().c_str(), elsewhere.c_str()), 0);
  ASSERT_EQ(symlink(elsewhere.c_str(), store.file().c_str()), 0);
  EXPECT_FALSE(store.Open().ok());
}

TEST(StoreFolderTest, AFolderThatIsNotThereIsNamed) {
  const auto store = SqliteStore::Open("/nonexistent/state");
  ASSERT_FALSE(store.ok());
  EXPECT_SAYS(std::string(store.status().message()), "/nonexistent/state");
}

}  // namespace
}  // namespace bitsd
