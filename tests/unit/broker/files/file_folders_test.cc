// What folders are asked for.

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "server/broker/files/file_operations.h"
#include "tests/unit/broker/files/file_operations_fixture.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

TEST_F(FileOperationsTest, FoldersAreCheckedAndSynced) {
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, jobs_).status), "ok");
  EXPECT_EQ(Refusal(Do(Operation::kSyncDirectory, jobs_).status), "ok");
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, jobs_ + "/none").status), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Do(Operation::kSyncDirectory, "/proc").status), "pseudo_file_system");
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, "relative").status), "E_INVALIDARG");
}

TEST_F(FileOperationsTest, DestinationsThatAreNoFilesAreFoundBeforehand) {
  folder_.MakeFile("jobs/file", "old");
  fs::create_directory(jobs_ + "/folder");
  fs::create_symlink("/nowhere", jobs_ + "/link");
  ASSERT_EQ(::mkfifo((jobs_ + "/fifo").c_str(), 0600), 0);
  const auto check = [&](const std::string& name) {
    wire::FileRequest request;
    request.operation = Operation::kCheckDirectory;
    request.path = jobs_;
    request.next = {{{}, "none", {}, absl::InfinitePast()}, {{}, name, {}, absl::InfinitePast()}};
    return Refusal(FileOperations(*paths_).Perform(request).status);
  };
  EXPECT_EQ(check("file"), "ok");
  EXPECT_EQ(check("other"), "ok");
  EXPECT_EQ(check("folder"), "path_not_regular");
  EXPECT_EQ(check("fifo"), "path_not_regular");
  EXPECT_EQ(check("link"), "path_is_link");
  EXPECT_EQ(check("key.pem"), "path_protected");
  EXPECT_EQ(check("later"), "path_protected");
  EXPECT_EQ(check("folder/file"), "E_INVALIDARG");
  EXPECT_EQ(check(".."), "E_INVALIDARG");
}

}  // namespace
}  // namespace bitsd
