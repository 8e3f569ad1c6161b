#include "server/broker/files/safe_path.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "gtest/gtest.h"
#include "tests/testing/file_facts.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;

class SafePathTest : public testing::Test {
 protected:
  std::string Try(const std::string& path) const {
    const auto paths = SafePaths::Make(options_);
    return paths.ok() ? Refusal(paths->OpenDirectory(path).status()) : "not made";
  }

  tests::TempFolder folder_;
  SafePathOptions options_;
};

TEST_F(SafePathTest, AnOrdinaryFolderOpens) {
  EXPECT_EQ(Try(folder_.MakeFolder("a/b/c")), "ok");
  EXPECT_EQ(Try("/"), "ok");
}

TEST_F(SafePathTest, AFolderThatDoesNotExistIsSaidNotTo) {
  EXPECT_EQ(Try(folder_.File("none")), "E_INVALIDARG");
  EXPECT_EQ(Try(folder_.MakeFile("file") + "/x"), "E_INVALIDARG");
  const auto paths = SafePaths::Make(options_);
  ASSERT_TRUE(paths.ok());
  EXPECT_FALSE(paths->FindDirectory(folder_.File("none/below"))->has_value());
}

TEST_F(SafePathTest, ALinkIsRefusedAtEveryComponentAndNamed) {
  folder_.MakeFolder("a/b/c");
  for (const std::string real : {"a", "a/b", "a/b/c"}) {
    fs::rename(folder_.File(real), folder_.File("real"));
    fs::create_directory_symlink(folder_.File("real"), folder_.File(real));
    const auto paths = SafePaths::Make(options_);
    const absl::Status status = paths->OpenDirectory(folder_.File("a/b/c")).status();
    EXPECT_EQ(Refusal(status), "path_is_link");
    EXPECT_NE(std::string(status.message()).find("\"" + (folder_.File(real)) + "\""),
              std::string::npos)
        << status;
    fs::remove(folder_.File(real));
    fs::rename(folder_.File("real"), folder_.File(real));
  }
}

bool IsMountPoint(const std::string& path) {
  struct stat here = {};
  struct stat root = {};
  return ::stat(path.c_str(), &here) == 0 && ::stat("/", &root) == 0 && here.st_dev != root.st_dev;
}

TEST_F(SafePathTest, PseudoFileSystemsAndDevicesAreRefused) {
  for (const std::string path : {"/proc", "/proc/self", "/proc/self/cwd", "/proc/1/root/tmp",
                                 "/sys", "/sys/kernel", "/dev", "/dev/shm", "/dev/pts"}) {
    // A bare root may have an empty folder where others have the file system.
    const std::string mount = path.substr(0, path.find('/', 1));
    if (Exists(path) && IsMountPoint(mount)) {
      EXPECT_EQ(Try(path), "pseudo_file_system") << path;
    }
  }
}

TEST_F(SafePathTest, NothingBelowAProtectedFolderOpens) {
  options_.protected_paths = {folder_.MakeFolder("state")};
  folder_.MakeFolder("state/deep/er");
  EXPECT_EQ(Try(folder_.File("state")), "path_protected");
  EXPECT_EQ(Try(folder_.File("state/deep/er")), "path_protected");
  EXPECT_EQ(Try(folder_.File("state/not/there")), "path_protected");
  EXPECT_EQ(Try(folder_.path()), "ok");
  EXPECT_EQ(Try(folder_.MakeFolder("stateful")), "ok");
}

TEST_F(SafePathTest, AProtectedFolderIsProtectedUnderAnotherName) {
  options_.protected_paths = {folder_.MakeFolder("state")};
  const auto paths = SafePaths::Make(options_);
  fs::rename(folder_.File("state"), folder_.File("renamed"));
  EXPECT_EQ(Refusal(paths->OpenDirectory(folder_.File("renamed")).status()), "path_protected");
}

TEST_F(SafePathTest, AProtectedFolderIsProtectedThroughABindMount) {
  const std::string state = folder_.MakeFolder("state");
  const std::string other = folder_.MakeFolder("other");
  folder_.MakeFolder("state/sub");
  if (::mount(state.c_str(), other.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "this process may not mount";
  }
  options_.protected_paths = {state};
  EXPECT_EQ(Try(other), "path_protected");
  EXPECT_EQ(Try(other + "/sub"), "path_protected");
  EXPECT_EQ(::umount2(other.c_str(), MNT_DETACH), 0);
}

TEST_F(SafePathTest, AProtectedFolderNamedThroughALinkIsTheRealOne) {
  folder_.MakeFolder("real");
  fs::create_directory_symlink(folder_.File("real"), folder_.File("link"));
  options_.protected_paths = {folder_.File("link")};
  EXPECT_EQ(Try(folder_.File("real")), "path_protected");
}

TEST_F(SafePathTest, AProtectedFolderThatIsMadeLaterIsProtected) {
  options_.protected_paths = {folder_.File("later/log")};
  const auto paths = SafePaths::Make(options_);
  ASSERT_TRUE(paths.ok()) << paths.status();
  folder_.MakeFolder("later/log");
  EXPECT_EQ(Refusal(paths->OpenDirectory(folder_.File("later/log")).status()), "path_protected");
}

TEST_F(SafePathTest, AProtectedFileIsProtectedByNameAndByEveryHardLink) {
  const std::string key = folder_.MakeFile("key.pem", "secret");
  fs::create_hard_link(key, folder_.File("linked"));
  options_.protected_paths = {key};
  const auto paths = SafePaths::Make(options_);
  const auto directory = paths->OpenDirectory(folder_.path());
  ASSERT_TRUE(directory.ok());
  EXPECT_EQ(Refusal(paths->CheckEntry(directory->get(), "key.pem", key)), "path_protected");
  EXPECT_EQ(Refusal(paths->CheckEntry(directory->get(), "other", key)), "ok");
  EXPECT_EQ(Refusal(paths->CheckFile(IdOf(folder_.File("linked")), "linked")), "path_protected");
}

TEST_F(SafePathTest, WithAllowedRootsNothingElseOpens) {
  options_.allowed_roots = {folder_.MakeFolder("in")};
  folder_.MakeFolder("in/deep");
  EXPECT_EQ(Try(folder_.File("in")), "ok");
  EXPECT_EQ(Try(folder_.File("in/deep")), "ok");
  EXPECT_EQ(Try(folder_.path()), "path_outside_roots");
  EXPECT_EQ(Try(folder_.MakeFolder("inner")), "path_outside_roots");
  EXPECT_EQ(Try("/"), "path_outside_roots");
}

TEST_F(SafePathTest, AProtectedFolderBelowAnAllowedRootStaysProtected) {
  options_.allowed_roots = {folder_.path()};
  options_.protected_paths = {folder_.MakeFolder("state")};
  EXPECT_EQ(Try(folder_.File("state")), "path_protected");
}

TEST_F(SafePathTest, WhereRootsAreRequiredNoneMeansNowhere) {
  options_.roots_required = true;
  EXPECT_EQ(Try(folder_.path()), "path_outside_roots");
}

TEST_F(SafePathTest, APathThatCannotBeGuardedIsNotPassedOver) {
  options_.protected_paths = {"relative"};
  EXPECT_EQ(Try("/"), "not made");
  options_.protected_paths = {folder_.MakeFile("file") + "/below"};
  EXPECT_EQ(Try("/"), "not made");
  options_.protected_paths = {};
  options_.allowed_roots = {folder_.File("missing")};
  EXPECT_EQ(Try("/"), "not made");
}

TEST_F(SafePathTest, AFolderSwappedForALinkNeverLeadsAway) {
  const std::string state = folder_.MakeFolder("state/inner");
  const std::string inner = folder_.MakeFolder("swap/inner");
  fs::create_directory_symlink(folder_.File("state"), folder_.File("link"));
  const std::string swap = folder_.File("swap");
  const std::string link = folder_.File("link");
  const FileId wanted = IdOf(inner);
  const auto paths = SafePaths::Make(options_);
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) ::renameat2(AT_FDCWD, swap.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  int opened = 0;
  int refused = 0;
  for (int i = 0; i < 1'000'000 && (i < 2'000 || opened == 0 || refused == 0); ++i) {
    const auto directory = paths->OpenDirectory(inner);
    if (!directory.ok()) {
      EXPECT_EQ(Refusal(directory.status()), "path_is_link");
      ++refused;
      continue;
    }
    struct stat file = {};
    ASSERT_EQ(::fstat(directory->get(), &file), 0);
    EXPECT_TRUE(IsSameFile(FileId{file.st_dev, file.st_ino}, wanted));
    ++opened;
  }
  stop = true;
  swapper.join();
  EXPECT_GT(opened, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace bitsd
