// Secrets are read from nothing but a file of their own.

#include "client/base/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/client/folder_fixture.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

using FilesTest = FolderTest;

TEST_F(FilesTest, ASecretIsReadFromNothingButAnOwnRegularFile) {
  Put("h", kHex, 0600);
  symlink(Path("h").c_str(), Path("link").c_str());
  mkfifo(Path("fifo").c_str(), 0600);
  EXPECT_THAT(std::string(ReadSecretFile(Path("link")).status().message()),
              HasSubstr("symbolic link"));
  EXPECT_FALSE(ReadSecretFile(Path("fifo")).ok());  // And does not wait for a writer.
  EXPECT_FALSE(ReadSecretFile(folder_.path()).ok());
  EXPECT_FALSE(ReadSecretFile(Path("missing")).ok());
}

TEST_F(FilesTest, ASecretFileOfSomebodyElseIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  Put("h", kHex, 0600);
  ASSERT_EQ(chown(Path("h").c_str(), 61001, 61001), 0);
  EXPECT_THAT(std::string(ReadSecretFile(Path("h")).status().message()),
              HasSubstr("must belong to you"));
}

TEST_F(FilesTest, AnEndlessFileIsNotReadToItsEnd) {
  Put("big", std::string(kMaxFileSize + 1, 'x'), 0600);
  EXPECT_THAT(std::string(ReadFile(Path("big")).status().message()), HasSubstr("larger"));
}

}  // namespace
}  // namespace bits
