// Files and streams that carry a handle.

#include "client/cli/handle_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "bitsd/client/handle.h"
#include "client/base/private_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/client/folder_fixture.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

using HandleFilesTest = FolderTest;

TEST_F(HandleFilesTest, AHandleFileIsPrivateAndReadsBack) {
  std::stringstream none;
  const auto handle = Handle::FromHex(kHex);
  ASSERT_TRUE(cli::WriteHandle(Path("h"), *handle, none).ok());
  EXPECT_EQ(ModeOf("h"), 0600u);
  const auto back = cli::ReadHandle(Path("h"), none);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->ToHex(), kHex);
  EXPECT_TRUE(none.str().empty());
}

TEST_F(HandleFilesTest, AHandleIsNeverWrittenOverOrThroughSomething) {
  std::stringstream none;
  const auto handle = Handle::FromHex(kHex);
  Put("there", "mine", 0600);
  symlink(Path("elsewhere").c_str(), Path("link").c_str());
  EXPECT_TRUE(absl::IsAlreadyExists(cli::WriteHandle(Path("there"), *handle, none)));
  EXPECT_FALSE(cli::WriteHandle(Path("link"), *handle, none).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("elsewhere")));
  EXPECT_EQ(*ReadFile(Path("there")), "mine");
}

TEST_F(HandleFilesTest, AHandleFileOpenToOthersIsRefused) {
  std::stringstream none;
  for (const mode_t mode : {0640, 0604, 0660}) {
    Put("h", kHex, mode);
    const auto handle = cli::ReadHandle(Path("h"), none);
    ASSERT_FALSE(handle.ok()) << mode;
    EXPECT_THAT(std::string(handle.status().message()), HasSubstr("chmod 600"));
  }
}

TEST(HandleFileTest, StandardStreamsCarryAHandle) {
  std::stringstream stream;
  const auto handle = Handle::FromHex(kHex);
  ASSERT_TRUE(cli::WriteHandle("-", *handle, stream).ok());
  EXPECT_EQ(stream.str(), std::string(kHex) + "\n");
  EXPECT_EQ(cli::ReadHandle("-", stream)->ToHex(), kHex);
  std::stringstream endless(std::string(10'000, 'a'));
  EXPECT_FALSE(cli::ReadHandle("-", endless).ok());
}

}  // namespace
}  // namespace bits
