// Which file is taken for the recorded one, whatever its name leads to by now.

#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/broker/file_operations.h"
#include "tests/unit/broker/file_operations_fixture.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

TEST_F(FileOperationsTest, AnotherFileUnderTheTemporaryNameIsLeftAlone) {
  const FileId id = Create();
  fs::rename(temporary(), jobs_ + "/moved");  // Keeps the inode from being given to the next file.
  folder_.MakeFile(std::string("jobs/") + kTemporary, "foreign");
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "file_replaced");
  EXPECT_EQ(Refusal(Publish(id, destination())), "file_replaced");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "file_replaced");
  EXPECT_EQ(tests::ReadFile(temporary()), "foreign");
  EXPECT_FALSE(Exists(destination()));
}

TEST_F(FileOperationsTest, ALinkUnderTheTemporaryNameIsNotFollowed) {
  const FileId id = Create();
  fs::rename(temporary(), jobs_ + "/moved");
  fs::create_symlink(jobs_ + "/moved", temporary());
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "path_is_link");
  EXPECT_EQ(Refusal(Publish(id, destination())), "path_is_link");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "path_is_link");
  EXPECT_EQ(Refusal(Do(Operation::kCreateTemporary, temporary()).status), "E_INVALIDARG");
  EXPECT_TRUE(Exists(jobs_ + "/moved"));
}

TEST_F(FileOperationsTest, ATemporaryFileIsKnownUnderAnotherDeviceNumber) {
  FileId id = Create();
  id.device += 1;
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(tests::ReadFile(destination()), "data");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok") << "it is in place";
  id = Create();
  id.device += 1;
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  EXPECT_FALSE(Exists(temporary()));
}

TEST_F(FileOperationsTest, WhatAnOlderBitsdRecordedIsKnown) {
  const FileId id = Create();
  FileId old;
  old.device = id.device + 1;
  old.inode = id.inode;
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), old).status), "ok");
  EXPECT_EQ(Refusal(Publish(old, destination())), "ok");
}

TEST_F(FileOperationsTest, AFileThatHasTheInodeAloneIsNotTheRecordedOne) {
  const FileId id = Create();
  const auto stays = [&](const FileId& recorded, const std::string& why) {
    EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), recorded).status),
              "file_replaced")
        << why;
    EXPECT_EQ(Refusal(Publish(recorded, destination())), "file_replaced") << why;
    EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), recorded).status),
              "file_replaced")
        << why;
    EXPECT_EQ(tests::ReadFile(temporary()), "data") << why;
    EXPECT_FALSE(Exists(destination())) << why;
  };
  FileId other = id;
  other.birth += 1;
  if (id.birth != 0) stays(other, "born at another time");
  other = id;
  other.owner += 1;
  stays(other, "another's");
  other = id;
  other.mark += 1;
  if (id.mark != 0) stays(other, "another mark");
  fs::create_hard_link(temporary(), jobs_ + "/also");
  stays(id, "it has another name");
  fs::remove(jobs_ + "/also");
  ASSERT_EQ(::chmod(temporary().c_str(), 04600), 0);
  stays(id, "it is set-id");
  ASSERT_EQ(::chmod(temporary().c_str(), 0640), 0);
  other = id;
  other.mark = 0;
  other.birth = 0;
  stays(other, "it has another mode, and neither a mark nor a time of birth");
}

/// `id` as file systems record it that have extended attributes, times of birth, or neither.
std::vector<FileId> AsFileSystemsRecord(const FileId& id) {
  std::vector<FileId> kinds(3, id);
  kinds[1].mark = 0;
  kinds[2].mark = 0;
  kinds[2].birth = 0;
  return kinds;
}

TEST_F(FileOperationsTest, AFileThatAKillLeftWithItsFinalModeIsStillTheJobs) {
  for (size_t kind = 0; kind < 3; ++kind) {
    const FileId id = AsFileSystemsRecord(Create())[kind];
    ASSERT_EQ(::chmod(temporary().c_str(), 0640), 0);
    EXPECT_EQ(Check(id, destination(), 027), "ok") << kind;
    EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id, 027).status), "ok") << kind;
    EXPECT_FALSE(Exists(temporary())) << kind;
  }
}

TEST_F(FileOperationsTest, AFileThatAKillLeftWithTheModeOfTheFileItReplacesIsStillTheJobs) {
  folder_.MakeFile("jobs/file", "old");
  ASSERT_EQ(::chmod(destination().c_str(), 0751), 0);
  for (size_t kind = 0; kind < 3; ++kind) {
    const FileId id = AsFileSystemsRecord(Create())[kind];
    ASSERT_EQ(::chmod(temporary().c_str(), 0751), 0);
    EXPECT_EQ(Check(id, destination(), 027), "ok") << kind;
    EXPECT_EQ(Refusal(Publish(id, destination(), 027)), "ok") << kind;
    EXPECT_EQ(tests::ReadFile(destination()), "data") << kind;
  }
}

TEST_F(FileOperationsTest, AFileWithAModeThatNobodyGaveItIsNotTheJobsWhereNothingElseTells) {
  const FileId id = AsFileSystemsRecord(Create())[2];
  ASSERT_EQ(::chmod(temporary().c_str(), 0644), 0);
  EXPECT_EQ(Check(id, destination(), 027), "file_replaced");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id, 027).status), "file_replaced");
  EXPECT_TRUE(Exists(temporary()));
}

TEST_F(FileOperationsTest, AFileThatIsInPlaceIsNotLost) {
  const FileId id = Create();
  EXPECT_EQ(Check(id, destination()), "ok");
  EXPECT_EQ(Stat(temporary()).st_mode, S_IFREG | 0600u) << "nothing is changed";
  EXPECT_FALSE(Exists(destination()));
  ASSERT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Check(id, destination()), "ok");
  EXPECT_EQ(Check(id, jobs_ + "/elsewhere"), "file_replaced");
  fs::rename(destination(), jobs_ + "/moved");
  EXPECT_EQ(Check(id, destination()), "file_replaced") << "somebody took it away";
  folder_.MakeFile("jobs/file", "foreign");
  EXPECT_EQ(Check(id, destination()), "file_replaced") << "it is another file";
}

TEST_F(FileOperationsTest, ADestinationThatCannotBeReplacedCostsNoTemporaryFile) {
  const FileId id = Create();
  fs::create_directory(destination());
  EXPECT_EQ(Refusal(Publish(id, destination())), "path_not_regular");
  EXPECT_EQ(Check(id, destination()), "ok");
  EXPECT_EQ(Check(id, jobs_ + "/key.pem"), "ok");
}

TEST_F(FileOperationsTest, NothingElseUnderTheTemporaryNameCanBePublished) {
  const FileId id = Create();
  EXPECT_EQ(Check(id, folder_.File("elsewhere")), "E_INVALIDARG");
  fs::rename(temporary(), jobs_ + "/moved");
  EXPECT_EQ(Check(id, destination()), "file_replaced");
  fs::create_symlink(jobs_ + "/moved", temporary());
  EXPECT_EQ(Check(id, destination()), "path_is_link");
  fs::remove(temporary());
  ASSERT_EQ(::mkfifo(temporary().c_str(), 0600), 0);
  EXPECT_EQ(Check(id, destination()), "path_not_regular");
}

TEST_F(FileOperationsTest, AMarkedFileWhoseOwnerChangedItsModeIsStillTheJobs) {
  const FileId id = Create();
  if (id.mark == 0) GTEST_SKIP() << "no extended attributes here";
  ASSERT_EQ(::chmod(temporary().c_str(), 0640), 0);
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0644u);
  EXPECT_LT(::getxattr(destination().c_str(), "user.bitsd.mark", nullptr, 0), 0)
      << "a mark is left";
}

}  // namespace
}  // namespace bitsd
