#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "broker_temp_folder.h"
#include "gtest/gtest.h"
#include "server/broker/file_operations.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

constexpr char kTemporary[] = ".BIT0123456789abcdef.tmp";

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FileOperationsTest : public testing::Test {
 protected:
  FileOperationsTest() {
    ::umask(0);
    jobs_ = folder_.MakeFolder("jobs");
    SafePathOptions options;
    options.protected_paths = {folder_.MakeFile("jobs/key.pem", "secret"), folder_ / "jobs/later"};
    paths_.emplace(*SafePaths::Make(options));
  }

  FileOperations::Result Do(Operation operation, const std::string& path, FileId id = {}) {
    wire::FileRequest request;
    request.operation = operation;
    request.path = path;
    request.id = id;
    return FileOperations(*paths_).Perform(request);
  }
  absl::Status Publish(FileId id, const std::string& destination, mode_t umask = 022,
                       absl::Time mtime = absl::InfinitePast()) {
    wire::FileRequest request;
    request.operation = Operation::kPublish;
    request.path = temporary();
    request.id = id;
    request.destination = destination;
    request.umask = umask;
    request.mtime = mtime;
    return FileOperations(*paths_).Perform(request).status;
  }
  FileId Create() {
    FileOperations::Result result = Do(Operation::kCreateTemporary, temporary());
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(result.fds.size(), 1u);
    EXPECT_EQ(::write(result.fds.front().get(), "data", 4), 4);
    return result.ids.front();
  }
  std::string temporary() const { return jobs_ + "/" + kTemporary; }
  std::string destination() const { return jobs_ + "/file"; }

  TempFolder folder_;
  std::string jobs_;
  std::optional<SafePaths> paths_;
};

TEST_F(FileOperationsTest, ATemporaryFileIsPrivateUntilItIsPublished) {
  const FileId id = Create();
  EXPECT_EQ(Stat(temporary()).st_mode, S_IFREG | 0600u);
  EXPECT_EQ(IdOf(temporary()), id);
  const absl::Time time = absl::FromUnixSeconds(1'500'000'000);
  EXPECT_EQ(Refusal(Publish(id, destination(), 027, time)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(Stat(destination()).st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(IdOf(destination()), id);
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

TEST_F(FileOperationsTest, PublishingTwiceIsPublishingOnce) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Refusal(Publish({id.device, id.inode + 1}, destination())), "file_replaced");
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
  EXPECT_EQ(TextOf(destination()), "old");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(TextOf(destination()), "data");
}

TEST_F(FileOperationsTest, PublishNeverLeavesItsFolderNorReplacesAProtectedFile) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, folder_ / "elsewhere")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/../file")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, "relative")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/key.pem")), "path_protected");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/later")), "path_protected");
  fs::create_hard_link(jobs_ + "/key.pem", jobs_ + "/innocent");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/innocent")), "path_protected");
  EXPECT_EQ(TextOf(jobs_ + "/key.pem"), "secret");
  EXPECT_TRUE(Exists(temporary()));
}

TEST_F(FileOperationsTest, AnotherFileUnderTheTemporaryNameIsLeftAlone) {
  const FileId id = Create();
  fs::rename(temporary(), jobs_ + "/moved");  // Keeps the inode from being given to the next file.
  folder_.MakeFile(std::string("jobs/") + kTemporary, "foreign");
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "file_replaced");
  EXPECT_EQ(Refusal(Publish(id, destination())), "file_replaced");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "file_replaced");
  EXPECT_EQ(TextOf(temporary()), "foreign");
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

TEST_F(FileOperationsTest, AProtectedFileIsNotReopenedThroughAHardLink) {
  fs::create_hard_link(jobs_ + "/key.pem", temporary());
  const FileId id = IdOf(temporary());
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "path_protected");
  EXPECT_EQ(Refusal(Publish(id, destination())), "path_protected");
}

TEST_F(FileOperationsTest, AReopenedFileIsTheSameFile) {
  const FileId id = Create();
  const FileOperations::Result reopened = Do(Operation::kReopenTemporary, temporary(), id);
  ASSERT_TRUE(reopened.status.ok()) << reopened.status;
  char text[5] = {};
  EXPECT_EQ(::read(reopened.fds.front().get(), text, 4), 4);
  EXPECT_STREQ(text, "data");
}

TEST_F(FileOperationsTest, RemovingWhatIsGoneSucceeds) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  EXPECT_FALSE(Exists(temporary()));
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  const std::string nowhere = jobs_ + "/none/" + kTemporary;
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, nowhere, id).status), "ok");
}

TEST_F(FileOperationsTest, OnlyTemporaryNamesAreMadeOrRemoved) {
  const FileId id = IdOf(folder_.MakeFile("jobs/precious"));
  for (const std::string name :
       {"precious", ".BIT0123456789abcde.tmp", ".BIT0123456789abcdeff.tmp",
        ".BIT0123456789ABCDEF.tmp", ".BIT0123456789abcdeg.tmp", ".bit0123456789abcdef.tmp",
        ".BIT0123456789abcdef.tmq", "x.BIT0123456789abcdef.tmp"}) {
    EXPECT_FALSE(IsTemporaryName(name));
    const std::string path = jobs_ + "/" + name;
    EXPECT_EQ(Refusal(Do(Operation::kCreateTemporary, path).status), "E_INVALIDARG") << name;
    EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, path, id).status), "E_INVALIDARG") << name;
    EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, path, id).status), "E_INVALIDARG") << name;
  }
  EXPECT_TRUE(Exists(jobs_ + "/precious"));
}

TEST_F(FileOperationsTest, ACreationThatNobodyHeardOfIsTakenBack) {
  wire::FileRequest request;
  request.operation = Operation::kCreateTemporary;
  request.path = temporary();
  const FileOperations operations(*paths_);
  const FileOperations::Result result = operations.Perform(request);
  ASSERT_TRUE(Exists(temporary()));
  operations.Undo(request, result);
  EXPECT_FALSE(Exists(temporary()));
}

TEST_F(FileOperationsTest, FoldersAreCheckedAndSynced) {
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, jobs_).status), "ok");
  EXPECT_EQ(Refusal(Do(Operation::kSyncDirectory, jobs_).status), "ok");
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, jobs_ + "/none").status), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Do(Operation::kSyncDirectory, "/proc").status), "pseudo_file_system");
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, "relative").status), "E_INVALIDARG");
}

}  // namespace
}  // namespace bitsd
