// How a temporary file is put in place, and what is never replaced.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "server/broker/file_operations.h"
#include "tests/unit/broker/file_operations_fixture.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

TEST_F(FileOperationsTest, ATemporaryFileIsPrivateUntilItIsPublished) {
  const FileId id = Create();
  EXPECT_EQ(Stat(temporary()).st_mode, S_IFREG | 0600u);
  EXPECT_TRUE(IsSameFile(IdOf(temporary()), id));
  const absl::Time time = absl::FromUnixSeconds(1'500'000'000);
  EXPECT_EQ(Refusal(Publish(id, destination(), 027, time)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(Stat(destination()).st_mtim.tv_sec, 1'500'000'000);
  EXPECT_TRUE(IsSameFile(IdOf(destination()), id));
  EXPECT_FALSE(Exists(temporary()));
}

TEST_F(FileOperationsTest, WithoutATimeOfTheServerTheFileKeepsItsOwn) {
  const FileId id = Create();
  const timespec before = Stat(temporary()).st_mtim;
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Stat(destination()).st_mtim.tv_nsec, before.tv_nsec);
}

TEST_F(FileOperationsTest, AModeLikeTheTemporaryOneDoesNotKeepTheTimeFromBeingSet) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, destination(), 066, absl::FromUnixSeconds(1'500'000'000))), "ok");
  EXPECT_EQ(Stat(destination()).st_mtim.tv_sec, 1'500'000'000);
}

TEST_F(FileOperationsTest, ATimeThatTheFileSystemCannotKeepIsLeftOut) {
  for (const int64_t seconds : {int64_t{-62'135'596'800}, int64_t{10'413'792'000},
                                int64_t{253'402'300'799}}) {  // The years 1, 2300 and 9999.
    const FileId id = Create();
    EXPECT_EQ(Refusal(Publish(id, destination(), 022, absl::FromUnixSeconds(seconds))), "ok");
    const int64_t kept = Stat(destination()).st_mtim.tv_sec;
    const bool is_now =
        kept > absl::ToUnixSeconds(absl::Now()) - 3600 && kept <= absl::ToUnixSeconds(absl::Now());
    EXPECT_TRUE(kept == seconds || is_now) << kept;
  }
}

TEST_F(FileOperationsTest, PublishingTwiceIsPublishingOnce) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Refusal(Publish({id.device, id.inode + 1}, destination())), "file_replaced");
}

TEST_F(FileOperationsTest, AFileThatWasCutOffIsNotPublished) {
  const FileId id = Create();
  EXPECT_EQ(Check(id, destination(), 022, 4), "ok");
  ASSERT_EQ(::truncate(temporary().c_str(), 3), 0);
  EXPECT_EQ(Check(id, destination(), 022, 4), "file_replaced");
  EXPECT_EQ(Refusal(Publish(id, destination(), 022, absl::InfinitePast(), 4)), "file_replaced");
  EXPECT_FALSE(Exists(destination()));
  EXPECT_EQ(Refusal(Publish(id, destination(), 022, absl::InfinitePast(), 3)), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination(), 022, absl::InfinitePast(), 4)), "ok")
      << "what is in place may be anything by now";
}

TEST_F(FileOperationsTest, PublishReplacesARegularFileAndNothingElse) {
  folder_.MakeFile("jobs/file", "old");
  const FileId id = Create();
  fs::create_directory(jobs_ + "/folder");
  fs::create_symlink(jobs_ + "/file", jobs_ + "/link");
  ASSERT_EQ(::mkfifo((jobs_ + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/folder")), "path_not_regular");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/link")), "path_is_link");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/fifo")), "path_not_regular");
  EXPECT_EQ(tests::ReadFile(destination()), "old");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(tests::ReadFile(destination()), "data");
}

TEST_F(FileOperationsTest, PublishNeverLeavesItsFolderNorReplacesAProtectedFile) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, folder_.File("elsewhere"))), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/../file")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, "relative")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/key.pem")), "path_protected");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/later")), "path_protected");
  fs::create_hard_link(jobs_ + "/key.pem", jobs_ + "/innocent");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/innocent")), "path_protected");
  EXPECT_EQ(tests::ReadFile(jobs_ + "/key.pem"), "secret");
  EXPECT_TRUE(Exists(temporary()));
}

TEST_F(FileOperationsTest, AFileThatIsSwappedInIsNeverReportedAsPublished) {
  const std::string foreign = folder_.MakeFile("jobs/foreign", "foreign");
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, foreign.c_str(), AT_FDCWD, temporary().c_str(), RENAME_EXCHANGE);
    }
  });
  for (int i = 0; i < 300; ++i) {
    if (!Exists(foreign)) folder_.MakeFile("jobs/foreign", "foreign");
    FileResult created = Do(Operation::kCreateTemporary, temporary());
    if (!created.status.ok()) {
      fs::remove(temporary());
      continue;
    }
    const FileId id = created.ids.front();
    if (Publish(id, destination()).ok()) {
      EXPECT_TRUE(IsSameFile(IdOf(destination()), id));
    }
  }
  done = true;
  swapper.join();
}

}  // namespace
}  // namespace bitsd
