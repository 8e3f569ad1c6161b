#include "server/base/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kStranger = 61099;

class PrivateFileTest : public ::testing::Test {
 protected:
  PrivateFileTest() { tests::WriteFile(path_, "text", 0644); }

  std::string Reason(Secrecy secrecy = Secrecy::kPublic) const {
    return std::string(CheckPrivateFile(path_, geteuid(), secrecy).message());
  }

  const tests::TempFolder folder_;
  const std::string path_ = folder_.File("file");
};

TEST_F(PrivateFileTest, AFileThatOnlyItsOwnerMayWriteIsRead) {
  const auto content = ReadPrivateFile(path_, geteuid(), 4);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(*content, "text");
  EXPECT_TRUE(CheckPrivateFile(path_, geteuid()).ok());
}

TEST_F(PrivateFileTest, AFileOverItsBoundIsRefused) {
  EXPECT_THAT(std::string(ReadPrivateFile(path_, geteuid(), 3).status().message()),
              HasSubstr("larger than 3 bytes"));
}

TEST_F(PrivateFileTest, AFileThatOthersMayWriteIsRefused) {
  for (const mode_t mode : {0664, 0646, 0620, 0602}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(Reason(), HasSubstr("chmod go-w")) << std::oct << mode;
  }
}

TEST_F(PrivateFileTest, AFolderThatOthersMayWriteIsRefused) {
  for (const mode_t mode : {0775, 0757, 0777}) {
    ASSERT_EQ(chmod(folder_.path().c_str(), mode), 0);
    EXPECT_THAT(Reason(), HasSubstr(folder_.path() + ": may be written")) << std::oct << mode;
  }
}

TEST_F(PrivateFileTest, ASecretIsNotForOthersToRead) {
  EXPECT_THAT(Reason(Secrecy::kSecret), HasSubstr("chmod o="));
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(Reason(Secrecy::kSecret), "");
}

TEST_F(PrivateFileTest, AnOwnSecretIsForOurGroupAtMost) {
  EXPECT_THAT(Reason(Secrecy::kOwn), HasSubstr("chmod o="));
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(Reason(Secrecy::kOwn), "");
  if (geteuid() != 0) return;
  ASSERT_EQ(chown(path_.c_str(), 0, kStranger), 0);
  EXPECT_THAT(Reason(Secrecy::kOwn), HasSubstr("group 61099 may read"));
  EXPECT_EQ(Reason(Secrecy::kSecret), "");
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  EXPECT_EQ(Reason(Secrecy::kOwn), "");
}

TEST_F(PrivateFileTest, AFileOfSomebodyElseIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give files away";
  tests::GiveTo(path_, kStranger, kStranger);
  EXPECT_THAT(Reason(), HasSubstr("belongs to uid 61099"));
  EXPECT_TRUE(CheckPrivateFile(path_, kStranger).ok());
  EXPECT_FALSE(CheckPrivateFile(path_, kStranger + 1).ok());
}

TEST_F(PrivateFileTest, AFolderOfSomebodyElseIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give folders away";
  const std::string folder = folder_.MakeFolder("theirs", kStranger, kStranger);
  tests::WriteFile(folder + "/file", "text", 0644);
  EXPECT_FALSE(CheckPrivateFile(folder + "/file", 0).ok());
  EXPECT_TRUE(CheckPrivateFile(folder + "/file", kStranger).ok());
}

TEST_F(PrivateFileTest, InAStickyFolderAFileOfOursCannotBeReplaced) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 01777), 0);
  EXPECT_EQ(Reason(), "");
  if (geteuid() != 0) return;
  tests::GiveTo(path_, kStranger, kStranger);
  EXPECT_THAT(Reason(), HasSubstr("belongs to uid 61099"));
}

TEST_F(PrivateFileTest, LinksOfOursAreFollowedAsKubernetesMakesThem) {
  folder_.MakeFolder("..2026", geteuid(), getegid());
  tests::WriteFile(folder_.File("..2026/tls.key"), "key", 0600);
  ASSERT_EQ(symlink("..2026", folder_.File("..data").c_str()), 0);
  ASSERT_EQ(symlink("..data/tls.key", folder_.File("tls.key").c_str()), 0);
  const auto key = ReadPrivateFile(folder_.File("tls.key"), geteuid(), 10, Secrecy::kSecret);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(*key, "key");
}

TEST_F(PrivateFileTest, ALinkOfSomebodyElseIsNotFollowed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give links away";
  const std::string link = folder_.File("link");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  EXPECT_TRUE(CheckPrivateFile(link, geteuid()).ok());
  ASSERT_EQ(lchown(link.c_str(), kStranger, kStranger), 0);
  EXPECT_THAT(std::string(CheckPrivateFile(link, geteuid()).message()),
              HasSubstr("belongs to uid 61099"));
}

TEST_F(PrivateFileTest, WhatALinkLeadsToIsJudgedWithItsFolder) {
  const std::string open = folder_.MakeFolder("open", geteuid(), getegid(), 0777);
  tests::WriteFile(open + "/file", "text", 0644);
  const std::string link = folder_.File("link");
  ASSERT_EQ(symlink("open/file", link.c_str()), 0);
  EXPECT_THAT(std::string(CheckPrivateFile(link, geteuid()).message()), HasSubstr("chmod go-w"));
}

TEST_F(PrivateFileTest, ACircleOfLinksIsRefused) {
  ASSERT_EQ(symlink("b", folder_.File("a").c_str()), 0);
  ASSERT_EQ(symlink("a", folder_.File("b").c_str()), 0);
  EXPECT_THAT(std::string(CheckPrivateFile(folder_.File("a"), geteuid()).message()),
              HasSubstr("too many symbolic links"));
}

TEST_F(PrivateFileTest, WhatIsNoRegularFileIsRefusedAtOnce) {
  const std::string fifo = folder_.File("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(CheckPrivateFile(fifo, geteuid()).ok());
  EXPECT_FALSE(CheckPrivateFile(folder_.path(), geteuid()).ok());
  EXPECT_FALSE(CheckPrivateFile(folder_.path() + "/", geteuid()).ok());
  EXPECT_FALSE(CheckPrivateFile(folder_.File("missing"), geteuid()).ok());
  EXPECT_FALSE(CheckPrivateFile("relative", geteuid()).ok());
  EXPECT_FALSE(CheckPrivateFile("", geteuid()).ok());
}

}  // namespace
}  // namespace bitsd
