// Files on a file system that has no modes of its own, as CIFS, vfat and much of FUSE: bindfs plays
// one.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "server/broker/files/file_operations.h"
#include "tests/testing/file_facts.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {
namespace {

using wire::Operation;

/// The folder `path` of a file system that treats modes as `options` say.
class ModelessDisk {
 public:
  explicit ModelessDisk(const std::string& options) : path_(folder_.MakeFolder("disk")) {
    const std::string command = "bindfs " + options + " " + folder_.MakeFolder("source", 0777) +
                                " " + path_ + " >/dev/null 2>&1";
    mounted_ = std::system(command.c_str()) == 0;
  }
  ModelessDisk(const ModelessDisk&) = delete;
  ModelessDisk& operator=(const ModelessDisk&) = delete;
  ~ModelessDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }
  const std::string& path() const { return path_; }

 private:
  const tests::TempFolder folder_;
  const std::string path_;
  bool mounted_ = false;
};

wire::FileRequest RequestFor(Operation operation, const std::string& folder, mode_t umask) {
  wire::FileRequest request;
  request.operation = operation;
  request.path = folder + "/.BIT0123456789abcdef.tmp";
  request.umask = umask;
  return request;
}

class ModelessDiskTest : public testing::TestWithParam<const char*> {};

TEST_P(ModelessDiskTest, AFileIsPutInPlaceAndItsModeIsSaidNotToBeSet) {
  const ModelessDisk disk(GetParam());
  if (!disk.mounted()) GTEST_SKIP() << "needs root and bindfs";
  const auto paths = SafePaths::Make({});
  const FileOperations operations(*paths);
  const FileResult created =
      operations.Perform(RequestFor(Operation::kCreateTemporary, disk.path(), 022));
  ASSERT_EQ(Refusal(created.status), "ok");
  wire::FileRequest request = RequestFor(Operation::kPublish, disk.path(), 022);
  request.id = created.ids.front();
  request.id.device += 1;
  request.destination = disk.path() + "/file";
  request.mtime = absl::FromUnixSeconds(1'500'000'000);
  const FileResult published = operations.Perform(request);
  EXPECT_EQ(Refusal(published.status), "ok");
  EXPECT_EQ(published.not_set, std::vector<uint32_t>{kModeNotSet});
  EXPECT_EQ(Stat(request.destination).st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(Stat(request.destination).st_mode & 0066, 0u);
}

INSTANTIATE_TEST_SUITE_P(Refused, ModelessDiskTest,
                         testing::Values("--chmod-deny", "--chmod-ignore",
                                         "--chmod-deny --xattr-none"));

TEST(ModelessDiskRightsTest, ADiskThatGivesOthersMoreThanTheFileShouldIsRefusedAtOnce) {
  const ModelessDisk disk("--chmod-deny --perms=a+rwX");
  if (!disk.mounted()) GTEST_SKIP() << "needs root and bindfs";
  const auto paths = SafePaths::Make({});
  const FileOperations operations(*paths);
  const wire::FileRequest strict = RequestFor(Operation::kCreateTemporary, disk.path(), 077);
  EXPECT_EQ(Refusal(operations.Perform(strict).status), "not_permitted");
  EXPECT_FALSE(Exists(strict.path)) << "nothing is left of it";
  const wire::FileRequest open = RequestFor(Operation::kCreateTemporary, disk.path(), 0);
  EXPECT_EQ(Refusal(operations.Perform(open).status), "ok");
}

}  // namespace
}  // namespace bitsd
