// Which temporary files are made, one or many, and where.

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "server/broker/files/file_operations.h"
#include "server/broker/files/file_place.h"
#include "tests/unit/broker/files/file_operations_fixture.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

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
  const FileResult result = operations.Perform(request);
  ASSERT_TRUE(Exists(temporary()));
  operations.Undo(request, result);
  EXPECT_FALSE(Exists(temporary()));
}

TEST_F(FileOperationsTest, ManyFilesAreCreatedAndPublishedByOneRequestEach) {
  const FileOperations operations(*paths_);
  wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 3);
  const FileResult created = operations.Perform(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  ASSERT_EQ(created.ids.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(::write(created.fds[i].get(), &"abc"[i], 1), 1);
  request.operation = Operation::kPublish;
  request.umask = 027;
  request.id = created.ids[0];
  request.destination = jobs_ + "/a";
  request.next[0].id = created.ids[1];
  request.next[0].destination = "b";
  request.next[0].mtime = absl::FromUnixSeconds(1'500'000'000);
  request.next[1].id = created.ids[2];
  request.next[1].destination = "c";
  const FileResult published = operations.Perform(request);
  EXPECT_EQ(Refusal(published.status), "ok");
  EXPECT_EQ(published.ids, created.ids);
  EXPECT_EQ(
      tests::ReadFile(jobs_ + "/a") + tests::ReadFile(jobs_ + "/b") + tests::ReadFile(jobs_ + "/c"),
      "abc");
  EXPECT_EQ(Stat(jobs_ + "/b").st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(Stat(jobs_ + "/c").st_mode, S_IFREG | 0640u);
}

TEST_F(FileOperationsTest, TheFirstFileThatFailsEndsTheRequest) {
  const FileOperations operations(*paths_);
  wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 3);
  fs::create_directory(jobs_ + "/" + request.next[0].temporary);
  const FileResult created = operations.Perform(request);
  EXPECT_EQ(Refusal(created.status), "E_INVALIDARG");
  EXPECT_EQ(created.ids.size(), 1u);
  EXPECT_EQ(created.fds.size(), 1u);
  EXPECT_FALSE(Exists(jobs_ + "/" + request.next[1].temporary));
  operations.Undo(request, created);
  EXPECT_FALSE(Exists(request.path));
}

TEST_F(FileOperationsTest, EveryNameOfARequestIsChecked) {
  const FileOperations operations(*paths_);
  fs::create_directory(jobs_ + "/below");
  const std::string temporary(kTemporary);
  for (const std::string& name :
       {std::string("file"), "../" + temporary, std::string(), "below/" + temporary}) {
    wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 2);
    request.next[0].temporary = name;
    const FileResult result = operations.Perform(request);
    EXPECT_EQ(Refusal(result.status), "E_INVALIDARG") << name;
    operations.Undo(request, result);
  }
  wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 2);
  const FileResult created = operations.Perform(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  request.operation = Operation::kPublish;
  request.id = created.ids[0];
  request.destination = destination();
  request.next[0].id = created.ids[1];
  for (const auto& [name, refusal] :
       std::map<std::string, std::string>{{"key.pem", "path_protected"},
                                          {"later", "path_protected"},
                                          {"below/file", "E_INVALIDARG"},
                                          {"../file", "E_INVALIDARG"},
                                          {"..", "E_INVALIDARG"},
                                          {"", "E_INVALIDARG"}}) {
    request.next[0].destination = name;
    const FileResult result = operations.Perform(request);
    EXPECT_EQ(Refusal(result.status), refusal) << name;
    EXPECT_EQ(result.ids.size(), 1u) << "the first one is in place";
  }
  EXPECT_EQ(tests::ReadFile(jobs_ + "/key.pem"), "secret");
  EXPECT_FALSE(Exists(jobs_ + "/below/file") || Exists(folder_.File("file")));
}

TEST_F(FileOperationsTest, AFolderThatIsSwappedForALinkLeadsNowhereElse) {
  const std::string elsewhere = folder_.MakeFolder("elsewhere");
  const std::string aside = folder_.File("aside");
  const FileOperations operations(*paths_);
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      fs::rename(jobs_, aside);
      fs::create_directory_symlink(elsewhere, jobs_);
      fs::remove(jobs_);
      fs::rename(aside, jobs_);
    }
  });
  constexpr size_t kFiles = wire::kMaxFiles;
  size_t made = 0;
  size_t refused = 0;
  for (size_t i = 0; i < 200 || ((made == 0 || refused == 0) && i < 10'000); ++i) {
    const FileResult result =
        operations.Perform(Many(Operation::kCreateTemporary, jobs_, kFiles, i * kFiles));
    // All of them are in the folder that was judged, or none is.
    EXPECT_EQ(result.ids.size(), result.status.ok() ? kFiles : 0u) << result.status;
    ++(result.status.ok() ? made : refused);
  }
  done = true;
  swapper.join();
  EXPECT_TRUE(fs::is_empty(elsewhere));
  EXPECT_GT(made, 0u);
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace bitsd
