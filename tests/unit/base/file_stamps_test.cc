// Every way to replace a file shows.

#include "server/base/file_stamps.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/temp_folder.h"
#include "tests/testing/wait.h"

namespace bitsd {
namespace {

class FileStampsTest : public ::testing::Test {
 protected:
  FileStampsTest() { tests::WriteFile(path_, "text"); }

  /// The stamps of a file that has been left alone for long enough.
  void Settle() {
    ASSERT_TRUE(tests::WaitFor([this] { return !stamps_.Changed(); }));
  }

  const tests::TempFolder folder_;
  const std::string path_ = folder_.File("file");
  FileStamps stamps_{{path_}};
};

TEST_F(FileStampsTest, EveryWayToReplaceAFileShows) {
  EXPECT_TRUE(stamps_.Changed()) << "never looked at";
  Settle();
  tests::WriteFile(path_, "next");
  EXPECT_TRUE(stamps_.Changed()) << "written in place, the same size";
  EXPECT_TRUE(stamps_.Changed()) << "a second change at the same moment might not show";
  Settle();
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_TRUE(stamps_.Changed()) << "mode";
  Settle();
  ASSERT_EQ(chmod(folder_.path().c_str(), 0700), 0);
  EXPECT_TRUE(stamps_.Changed()) << "mode of the folder";
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_TRUE(stamps_.Changed()) << "gone";
}

TEST_F(FileStampsTest, ALinkThatLeadsElsewhereShows) {
  tests::WriteFile(folder_.File("other"), "text");
  const std::string link = folder_.File("link");
  ASSERT_EQ(symlink("file", link.c_str()), 0);
  FileStamps stamps({link});
  ASSERT_TRUE(tests::WaitFor([&] { return !stamps.Changed(); }));
  ASSERT_EQ(symlink("other", folder_.File("next").c_str()), 0);
  ASSERT_EQ(rename(folder_.File("next").c_str(), link.c_str()), 0);
  EXPECT_TRUE(stamps.Changed());
}

}  // namespace
}  // namespace bitsd
