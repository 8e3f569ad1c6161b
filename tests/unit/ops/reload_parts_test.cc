// The parts of a reload that only decide: which configuration, which file changed, what to report.

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/file_stamps.h"
#include "server/ops/config_change.h"
#include "server/ops/reload_status.h"
#include "tests/testing/temp_folder.h"
#include "tests/testing/wait.h"

namespace bitsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ReloadConfigTest, WhatNeedsARestartIsReportedAndStays) {
  const Config start;
  Config read = start;
  read.listen = "127.0.0.1:1";
  read.tls_certificate = read.tls_key = read.tls_roots = read.account_directory = "/x";
  read.tls_san_sid_roots = {"/x"};
  read.run_as_uid = 1;
  read.run_as_gid = 1;
  read.state_dir = read.run_dir = read.log_dir = "/x";
  read.store_key_file = "/x";
  read.max_running_jobs = 7;
  read.path = "/x";
  read.allow_root = true;
  const ConfigChange change = ReloadConfig(start, read);
  EXPECT_THAT(change.restart_needed,
              ElementsAre("listen", "tls.certificate", "tls.key", "tls.roots", "tls.san_sid_roots",
                          "account_directory", "run_as.uid", "run_as.gid", "state_dir",
                          "store_key_file", "run_dir", "log_dir", "limits.max_running_jobs"));
  EXPECT_EQ(change.config, start);
}

TEST(ReloadConfigTest, TheRestTakesEffect) {
  const Config start;
  Config read = start;
  read.privileged_groups = {"wheel"};
  read.policy = policy::Version::kWindows7;
  read.limits = {1, 2, 3};
  read.allowed_roots = {"/x"};
  read.allowed_addresses = {policy::Endpoint()};
  read.token_max_ttl = read.handle_idle = read.retention = absl::Seconds(7);
  read.broker_deadline = read.connect_timeout = read.stall_timeout = absl::Seconds(8);
  read.log_level = "debug";
  const ConfigChange change = ReloadConfig(start, read);
  EXPECT_THAT(change.restart_needed, IsEmpty());
  EXPECT_EQ(change.config, read);
}

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

TEST(ReloadStatusTest, AFailureIsNewsOncePerReasonAndAgainAfterAGoodLoad) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  ReloadStatus board(start);
  EXPECT_TRUE(board.well());
  const auto fail = [&](const std::string& reason) {
    return board.Failed(ReloadSource::kClientRoots, {start + absl::Seconds(1), "/roots", reason});
  };
  EXPECT_TRUE(fail("garbage"));
  EXPECT_FALSE(fail("garbage"));
  EXPECT_TRUE(fail("missing"));
  EXPECT_FALSE(board.well());
  EXPECT_TRUE(board.Good(ReloadSource::kClientRoots, std::nullopt));
  EXPECT_TRUE(board.well());
  const ReloadState state = board.States()[3];
  EXPECT_EQ(state.source, ReloadSource::kClientRoots);
  EXPECT_EQ(state.load_time, start) << "what is in force did not change";
  EXPECT_EQ(state.last_failure->reason, "missing");
  EXPECT_TRUE(fail("missing"));
  EXPECT_TRUE(board.Good(ReloadSource::kClientRoots, start + absl::Seconds(9)));
  EXPECT_FALSE(board.Good(ReloadSource::kClientRoots, std::nullopt));
  EXPECT_EQ(board.States()[3].load_time, start + absl::Seconds(9));
}

TEST(ReloadStatusTest, KeysThatNeedARestartAreNewsOnce) {
  ReloadStatus board(absl::UnixEpoch());
  EXPECT_FALSE(board.SetRestartNeeded({}));
  EXPECT_TRUE(board.SetRestartNeeded({"listen"}));
  EXPECT_FALSE(board.SetRestartNeeded({"listen"}));
  EXPECT_THAT(board.RestartNeeded(), ElementsAre("listen"));
}

}  // namespace
}  // namespace bitsd
