// What a reload reports, and how often.

#include "server/ops/reload_status.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bitsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
