#include "server/base/timed_lock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace bitsd {
namespace {

std::chrono::steady_clock::time_point In(int milliseconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

TEST(TimedLockTest, OneAtATimeHoldsItAndNobodyWaitsLongerThanTheDeadline) {
  TimedLock lock;
  int inside = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const std::unique_lock held(lock, In(60'000));
      ASSERT_TRUE(held);
      ++inside;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(inside, 8);
  const std::unique_lock held(lock, In(0));
  EXPECT_TRUE(held);
  EXPECT_FALSE(std::unique_lock(lock, In(10)));
}

}  // namespace
}  // namespace bitsd
