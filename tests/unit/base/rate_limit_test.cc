// So many at once, then one now and again.

#include "server/base/rate_limit.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace bitsd {
namespace {

TEST(RateLimitTest, ABurstAndThenOneNowAndAgain) {
  RateLimit budget(2, absl::Seconds(10));
  absl::Time now = absl::FromUnixSeconds(1000);
  const auto take = [&] {
    const bool has = budget.Has(now);
    if (has) budget.Take();
    return has;
  };
  EXPECT_TRUE(take() && take());
  EXPECT_FALSE(take());
  now += absl::Seconds(9);
  EXPECT_FALSE(take());
  now += absl::Seconds(1);
  EXPECT_TRUE(take());
  EXPECT_FALSE(take());
  now += absl::Hours(1);
  EXPECT_TRUE(budget.IsFull(now));
  EXPECT_TRUE(take() && take());
  EXPECT_FALSE(take()) << "no more than the burst is saved up";
  now -= absl::Hours(10);
  EXPECT_FALSE(take());
  now += absl::Seconds(10);
  EXPECT_TRUE(take()) << "a clock set back does not stop it";
}

}  // namespace
}  // namespace bitsd
