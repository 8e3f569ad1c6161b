// How long a client waits before it tries again.

#include "client/base/backoff.h"

#include <chrono>

#include "gtest/gtest.h"

namespace bits {
namespace {

using std::chrono::milliseconds;

TEST(PausesTest, TheyGrowToTheLongestAndStartAnew) {
  Pauses pauses(milliseconds(100), milliseconds(350));
  for (const int longest : {100, 200, 350, 350}) {
    const milliseconds pause = pauses.Next();
    EXPECT_LE(pause, milliseconds(longest));
    EXPECT_GE(pause, milliseconds(longest / 2));
  }
  pauses.Reset();
  EXPECT_LE(pauses.Next(), milliseconds(100));
}

}  // namespace
}  // namespace bits
