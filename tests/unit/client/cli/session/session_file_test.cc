// What bitsctl remembers of a logon session, and what it believes of what it finds.

#include "client/cli/session/session_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "client/base/uuid.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_folder.h"

namespace bits::cli {
namespace {

using bitsd::tests::TempFolder;
using ::testing::HasSubstr;

constexpr char kEndpoint[] = "127.0.0.1:7443";
constexpr char kSid[] = "S-1-5-21-1-2-3-1001";
constexpr char kId[] = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2";
constexpr uid_t kSomebody = 61005;

class SessionFileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(setenv("XDG_RUNTIME_DIR", runtime_.path().c_str(), 1), 0); }

  std::string Folder() const { return runtime_.File("bitsctl"); }

  // A remembered session; its file.
  std::string Remembered() {
    EXPECT_TRUE(File().Write(kId).ok());
    return File().path();
  }

  static SessionFile File() { return {kEndpoint, kSid}; }

  // "refused: " and why, or what was read.
  static std::string Seen() {
    const auto id = File().Read();
    return id.ok() ? *id : "refused: " + std::string(id.status().message());
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  TempFolder runtime_;
};

TEST_F(SessionFileTest, WhatIsWrittenIsReadUntilItIsForgotten) {
  EXPECT_EQ(Seen(), "");
  Remembered();
  EXPECT_EQ(Seen(), kId);
  const std::string another = *NewUuid();
  EXPECT_TRUE(File().Write(another).ok());
  EXPECT_EQ(Seen(), another);
  File().Forget();
  EXPECT_EQ(Seen(), "");
  EXPECT_TRUE(std::filesystem::is_empty(Folder()));
}

TEST_F(SessionFileTest, EachServiceAndIdentityHasItsOwn) {
  Remembered();
  EXPECT_EQ(*SessionFile("127.0.0.1:7444", kSid).Read(), "");
  EXPECT_EQ(*SessionFile(kEndpoint, "S-1-5-21-1-2-3-1002").Read(), "");
  EXPECT_TRUE(SessionFile("unix:///run/b/../x y", kSid).Write(kId).ok());
  EXPECT_EQ(*SessionFile("unix:///run/b/../x y", kSid).Read(), kId);
}

TEST_F(SessionFileTest, FolderAndFileAreForTheUserOnly) {
  const mode_t before = umask(0);
  const std::string file = Remembered();
  umask(before);
  EXPECT_EQ(ModeOf(Folder()), 0700u);
  EXPECT_EQ(ModeOf(file), 0600u);
}

TEST_F(SessionFileTest, WhatOthersCouldHaveWrittenIsNotBelieved) {
  const std::string file = Remembered();
  ASSERT_EQ(chmod(file.c_str(), 0620), 0);
  EXPECT_THAT(Seen(), HasSubstr("chmod 600"));
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  ASSERT_EQ(chmod(Folder().c_str(), 0770), 0);
  EXPECT_THAT(Seen(), HasSubstr("chmod 700"));
  EXPECT_FALSE(File().Write(kId).ok());
  ASSERT_EQ(chmod(Folder().c_str(), 0700), 0);
  EXPECT_EQ(Seen(), kId);
}

TEST_F(SessionFileTest, ALinkIsNotFollowed) {
  const std::string file = Remembered();
  std::filesystem::rename(file, runtime_.File("elsewhere"));
  std::filesystem::create_symlink(runtime_.File("elsewhere"), file);
  EXPECT_THAT(Seen(), HasSubstr("symbolic link"));
  EXPECT_TRUE(File().Write(kId).ok()) << "it is replaced, not written through";
  EXPECT_FALSE(std::filesystem::is_symlink(file));
  std::filesystem::rename(Folder(), runtime_.File("aside"));
  std::filesystem::create_directory_symlink(runtime_.File("aside"), Folder());
  EXPECT_THAT(Seen(), HasSubstr("is no folder"));
  EXPECT_FALSE(File().Write(kId).ok());
}

TEST_F(SessionFileTest, OnlyAUuidIsASession) {
  const std::string file = Remembered();
  for (const std::string& text :
       {std::string("x\n"), std::string(), std::string(kId) + "\n" + kId + "\n",
        std::string(kId) + "\r\nbits-filter-admin: 0", std::string(100'000, ' ') + kId}) {
    bitsd::tests::WriteFile(file, text, 0600);
    EXPECT_THAT(Seen(), HasSubstr("holds no session id")) << text.substr(0, 50);
  }
}

TEST_F(SessionFileTest, AnotherUsersFolderHoldsNothingOfOurs) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
  const std::string file = Remembered();
  ASSERT_EQ(chown(file.c_str(), kSomebody, kSomebody), 0);
  EXPECT_THAT(Seen(), HasSubstr("must belong to you"));
  ASSERT_EQ(chown(Folder().c_str(), kSomebody, kSomebody), 0);
  EXPECT_EQ(Seen(), "") << "it was not written by us";
  EXPECT_THAT(std::string(File().Write(kId).message()), HasSubstr("belongs to another user"));
}

// As after su: what the variable names is the first user's.
TEST_F(SessionFileTest, ARuntimeFolderOfAnotherUserIsNotUsed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
  ASSERT_EQ(chown(runtime_.path().c_str(), kSomebody, kSomebody), 0);
  const std::string fallback = "/tmp/bitsctl-" + std::to_string(geteuid()) + "/";
  EXPECT_THAT(File().path(), ::testing::StartsWith(fallback));
  ASSERT_EQ(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
  EXPECT_THAT(File().path(), ::testing::StartsWith(fallback));
  ASSERT_EQ(unsetenv("XDG_RUNTIME_DIR"), 0);
  EXPECT_THAT(File().path(), ::testing::StartsWith(fallback));
}

}  // namespace
}  // namespace bits::cli
