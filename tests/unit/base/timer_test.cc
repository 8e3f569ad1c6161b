#include "server/base/timer.h"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "tests/testing/fakes/moving_clock.h"

namespace bitsd {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kMoment{50};

class TimerTest : public testing::Test {
 protected:
  std::function<void()> Note() {
    return [this] { ran_.set_value(); };
  }
  bool Ran(std::chrono::milliseconds patience) {
    return future_.wait_for(patience) == std::future_status::ready;
  }

  MovingClock clock_;
  std::promise<void> ran_;
  std::future<void> future_ = ran_.get_future();
  Timer timer_{clock_};
};

TEST_F(TimerTest, WhatIsPastRunsAtOnce) {
  timer_.At(clock_.Now() - absl::Hours(1), Note());
  EXPECT_TRUE(Ran(kPatience));
}

TEST_F(TimerTest, AtFollowsAClockThatIsSetForward) {
  timer_.At(clock_.Now() + absl::Hours(1), Note());
  EXPECT_FALSE(Ran(kMoment));
  clock_.Set(absl::Hours(2));
  EXPECT_TRUE(Ran(kPatience));
}

TEST_F(TimerTest, AtFollowsAClockThatIsSetBack) {
  timer_.At(clock_.Now() + absl::Milliseconds(20), Note());
  clock_.Set(-absl::Hours(1));
  EXPECT_FALSE(Ran(4 * kMoment));
}

TEST_F(TimerTest, AfterGoesByTheTimeThatHasPassed) {
  clock_.Set(absl::Hours(5));
  timer_.After(absl::Milliseconds(20), Note());
  clock_.Set(-absl::Hours(5));
  EXPECT_TRUE(Ran(kPatience));
}

TEST_F(TimerTest, AfterDoesNotFollowAClockThatIsSetForward) {
  timer_.After(absl::Hours(1), Note());
  clock_.Set(absl::Hours(2));
  EXPECT_FALSE(Ran(4 * kMoment));
}

TEST_F(TimerTest, WhatIsCancelledDoesNotRun) {
  constexpr absl::Duration kSoon = absl::Milliseconds(100);
  timer_.Cancel(timer_.At(clock_.Now() + kSoon, Note()));
  timer_.Cancel(timer_.After(kSoon, Note()));
  timer_.Cancel(timer_.AtOrAfter(clock_.Now() + kSoon, kSoon, Note()));
  timer_.Cancel(Timer::Task());
  EXPECT_FALSE(Ran(4 * kMoment));
}

TEST_F(TimerTest, AtOrAfterFollowsAClockThatIsSetForward) {
  timer_.AtOrAfter(clock_.Now() + absl::Hours(1), absl::Hours(1), Note());
  EXPECT_FALSE(Ran(kMoment));
  clock_.Set(absl::Hours(2));
  EXPECT_TRUE(Ran(kPatience));
}

TEST_F(TimerTest, AtOrAfterIsNotPutOffByAClockThatIsSetBack) {
  timer_.AtOrAfter(clock_.Now() + absl::Milliseconds(20), absl::Milliseconds(20), Note());
  clock_.Set(-absl::Hours(1));
  EXPECT_TRUE(Ran(kPatience));
}

TEST_F(TimerTest, AtOrAfterRunsOnceThoughBothClocksComeToIt) {
  std::atomic<int> runs = 0;
  timer_.AtOrAfter(clock_.Now(), absl::ZeroDuration(), [&] { ++runs; });
  timer_.After(absl::Milliseconds(20), Note());
  EXPECT_TRUE(Ran(kPatience));
  EXPECT_EQ(runs, 1);
}

TEST_F(TimerTest, ATimerThatHasNothingToDoIsWoken) {
  const auto runs = [this](const std::function<void(std::function<void()>)>& add) {
    auto ran = std::make_shared<std::promise<void>>();
    EXPECT_FALSE(Ran(kMoment)) << "it has come to rest";
    add([ran] { ran->set_value(); });
    return ran->get_future().wait_for(kPatience) == std::future_status::ready;
  };
  constexpr absl::Duration kSoon = absl::Milliseconds(10);
  EXPECT_TRUE(runs([&](auto fn) { timer_.After(kSoon, std::move(fn)); }));
  EXPECT_TRUE(runs([&](auto fn) { timer_.At(clock_.Now() + kSoon, std::move(fn)); }));
  EXPECT_TRUE(runs([&](auto fn) { timer_.AtOrAfter(clock_.Now() + kSoon, kSoon, std::move(fn)); }));
}

TEST_F(TimerTest, WhatIsDueSoonerDoesNotWaitForWhatIsDueLater) {
  timer_.After(absl::Hours(1), [] {});
  EXPECT_FALSE(Ran(kMoment));
  timer_.After(absl::Milliseconds(10), Note());
  EXPECT_TRUE(Ran(kPatience));
}

TEST_F(TimerTest, NothingRunsOnceItIsStopped) {
  timer_.After(absl::Milliseconds(20), Note());
  timer_.Stop();
  EXPECT_FALSE(Ran(2 * kMoment));
}

}  // namespace
}  // namespace bitsd
