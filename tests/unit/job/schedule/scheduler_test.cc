// The rules of the scheduler, one by one. scheduler_property_test.cc has random histories.

#include "server/job/schedule/scheduler.h"

#include "gmock/gmock.h"
#include "tests/unit/job/schedule/scheduler_fixture.h"

namespace bitsd {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr absl::Duration kSlice = absl::Minutes(5);

SchedulerOptions Places(size_t places, size_t background = 1) {
  SchedulerOptions options;
  options.max_running = places;
  options.background_jobs = background;
  return options;
}

TEST(SchedulerTest, EveryForegroundJobRunsAtOnceBesideOneBackgroundJob) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(100, kLow);
  world.Add(101, kLow);
  for (uint32_t job = 0; job < 25; ++job) world.Add(job, kFg);
  EXPECT_THAT(world.Running(), SizeIs(26));
  EXPECT_TRUE(world.Runs(100));
  EXPECT_FALSE(world.Runs(101));
}

TEST(SchedulerTest, AHigherPriorityTakesTheSlotAtOnceAndTheLowerGoesOnLater) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kLow);
  world.Add(2, kNormal);
  EXPECT_THAT(world.Running(), ElementsAre(2));
  world.Add(3, kHigh);
  EXPECT_THAT(world.Running(), ElementsAre(3));
  world.End(3);
  EXPECT_THAT(world.Running(), ElementsAre(2));
  world.End(2);
  EXPECT_THAT(world.Running(), ElementsAre(1));
}

TEST(SchedulerTest, TheSlotDoesNotWaitForTheLowerJobToStop) {
  SchedulerFixture world(SchedulerOptions{});
  world.held = {1};
  world.Add(1, kLow);
  world.Add(2, kHigh);
  EXPECT_EQ(world.At(1), Place::kStopping);
  EXPECT_TRUE(world.Runs(2));
}

TEST(SchedulerTest, TheSamePriorityTakesTurnsByTimeSlice) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kNormal);
  world.Pass(kSlice - absl::Seconds(1));
  EXPECT_THAT(world.Running(), ElementsAre(1));
  world.Pass(absl::Seconds(1));
  EXPECT_THAT(world.Running(), ElementsAre(2));
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(1));
}

TEST(SchedulerTest, ASliceEndsOnlyForSomebodyOfTheSamePriority) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kLow);
  world.Pass(10 * kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(1));
  EXPECT_TRUE(world.scheduler.TakeChanged().size() <= 2);
}

TEST(SchedulerTest, APreemptedJobGoesOnBeforeItsEqualsWithTheRestOfItsSlice) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kNormal);
  world.Pass(kSlice / 2);
  world.Add(3, kHigh);
  world.End(3);
  EXPECT_THAT(world.Running(), ElementsAre(1));
  world.Pass(kSlice / 2);
  EXPECT_THAT(world.Running(), ElementsAre(2));
}

TEST(SchedulerTest, OwnersTakeTurnsHoweverManyJobsOneHas) {
  SchedulerFixture world(SchedulerOptions{});
  for (uint32_t job = 1; job <= 50; ++job) world.Add(job, kNormal, 1);
  world.Add(100, kNormal, 2);
  world.Pass(kSlice);
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(100));
}

TEST(SchedulerTest, AJobThatWaitsForItsServerLendsItsSlotAndGoesOn) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kNormal);
  world.See(1, Throughput::kWaiting);
  EXPECT_THAT(world.Running(), ElementsAre(1, 2));
  EXPECT_TRUE(world.scheduler.IsLent(IdOf(1)));
}

TEST(SchedulerTest, WhoeverMovesAgainAfterLendingDoesNotMakeTwo) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kNormal);
  world.See(1, Throughput::kWaiting);
  world.See(2, Throughput::kMoving);
  world.See(1, Throughput::kMoving);
  EXPECT_THAT(world.Running(), ElementsAre(1)) << "the newest goes back, and is next";
  world.End(1);
  EXPECT_THAT(world.Running(), ElementsAre(2));
}

TEST(SchedulerTest, ALowerJobLendsToAHigherAndIsNotParked) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kLow);
  world.See(1, Throughput::kWaiting);
  world.Add(2, kHigh);
  EXPECT_THAT(world.Running(), ElementsAre(1, 2));
}

TEST(SchedulerTest, FiftySlowServersAreFoundOutInAFewRounds) {
  SchedulerFixture world(SchedulerOptions{});
  for (uint32_t job = 1; job <= 50; ++job) world.Add(job, kNormal);
  world.Add(100, kNormal);
  int rounds = 0;
  for (; !world.Runs(100) && rounds < 100; ++rounds) {
    for (uint32_t job : world.Running()) world.See(job, Throughput::kWaiting);
    world.Pass(absl::Seconds(2));
  }
  EXPECT_LE(rounds, 7);
  world.See(100, Throughput::kMoving);
  world.Pass(absl::Seconds(2));
  EXPECT_TRUE(world.Runs(100));
}

TEST(SchedulerTest, AfterOneMovedJobsTryOneByOneAgain) {
  SchedulerFixture world(SchedulerOptions{});
  for (uint32_t job = 1; job <= 20; ++job) world.Add(job, kNormal);
  world.See(1, Throughput::kWaiting);
  world.See(2, Throughput::kMoving);
  EXPECT_THAT(world.Running(), ElementsAre(1, 2));
  world.End(2);
  EXPECT_THAT(world.Running(), ElementsAre(1, 3));
}

TEST(SchedulerTest, LendersThatFillTheMachineGiveWayOneByOne) {
  SchedulerFixture world(Places(4));
  for (uint32_t job = 1; job <= 6; ++job) world.Add(job, kNormal);
  for (int i = 0; i < 2; ++i) {
    for (uint32_t job : world.Running()) world.See(job, Throughput::kWaiting);
  }
  world.Pass(absl::Seconds(1));
  EXPECT_EQ(world.scheduler.places(), 4u);
  std::set<uint32_t> ran;
  for (int i = 0; i < 20; ++i) {
    for (uint32_t job : world.Running()) {
      ran.insert(job);
      world.See(job, Throughput::kWaiting);
    }
    world.Pass(absl::Seconds(2));
  }
  EXPECT_THAT(ran, SizeIs(6));
}

TEST(SchedulerTest, ForegroundTakesThePlacesOfLenders) {
  SchedulerFixture world(Places(4));
  for (uint32_t job = 1; job <= 4; ++job) world.Add(job, kNormal);
  for (int i = 0; i < 3; ++i) {
    for (uint32_t job : world.Running()) world.See(job, Throughput::kWaiting);
  }
  for (uint32_t job = 10; job < 14; ++job) world.Add(job, kFg);
  EXPECT_TRUE(world.Runs(10) && world.Runs(11) && world.Runs(12));
  EXPECT_FALSE(world.Runs(13)) << "one place is kept for background jobs";
  EXPECT_EQ(world.scheduler.places(), 4u);
}

TEST(SchedulerTest, AFloodOfForegroundLeavesBackgroundItsPlace) {
  SchedulerFixture world(Places(4));
  for (uint32_t job = 1; job <= 10; ++job) world.Add(job, kFg);
  world.Add(100, kLow);
  EXPECT_TRUE(world.Runs(100));
}

TEST(SchedulerTest, AnotherOwnersForegroundJobRunsAtOnceInAFlood) {
  SchedulerFixture world(Places(9));
  for (uint32_t job = 1; job <= 50; ++job) world.Add(job, kFg, 1);
  EXPECT_THAT(world.Running(), SizeIs(8));
  world.Add(100, kFg, 2);
  EXPECT_TRUE(world.Runs(100));
  for (uint32_t job = 101; job < 110; ++job) world.Add(job, kFg, 2);
  size_t second = 0;
  for (uint32_t job : world.Running()) second += job >= 100 ? 1 : 0;
  EXPECT_EQ(second, 4u) << "half and half";
}

TEST(SchedulerTest, ForegroundJobsTakeTurnsWhenTheyAreTooMany) {
  SchedulerFixture world(Places(3));
  for (uint32_t job = 1; job <= 4; ++job) world.Add(job, kFg, job);
  EXPECT_THAT(world.Running(), ElementsAre(1, 2));
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(3, 4));
}

TEST(SchedulerTest, ForegroundThatIsNotTooMuchIsNeverParked) {
  SchedulerFixture world(Places(9));
  for (uint32_t job = 1; job <= 8; ++job) world.Add(job, kFg);
  world.scheduler.TakeChanged();
  world.Pass(100 * kSlice);
  EXPECT_THAT(world.scheduler.TakeChanged(), SizeIs(0));
}

TEST(SchedulerTest, APriorityTakesEffectAtOnce) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kNormal);
  world.Prioritise(1, kFg);
  EXPECT_THAT(world.Running(), ElementsAre(1, 2)) << "the slot is free for the next";
  world.Prioritise(1, kLow);
  EXPECT_THAT(world.Running(), ElementsAre(2)) << "and one too many is parked";
  world.Prioritise(1, kHigh);
  EXPECT_THAT(world.Running(), ElementsAre(1)) << "waiting, it moves in the queue";
}

TEST(SchedulerTest, AFileThatCannotBeResumedGetsLongerTurnsUntilItEnds) {
  SchedulerFixture world(SchedulerOptions{});
  world.Add(1, kNormal);
  world.Add(2, kNormal);
  world.See(1, Throughput::kMoving, /*resumable=*/false);
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(2));
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(1));
  world.See(1, Throughput::kMoving, /*resumable=*/false);
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(1)) << "two slices in one";
  world.Pass(kSlice);
  EXPECT_THAT(world.Running(), ElementsAre(2));
}

TEST(SchedulerTest, AJobThatDoesNotStopCountsForTheCeilingAndThenNoMore) {
  SchedulerFixture world(Places(2));
  world.held = {1};
  world.Add(1, kFg);
  world.Add(2, kLow);
  world.scheduler.Stop(IdOf(1), world.now);
  world.Add(3, kFg);
  EXPECT_EQ(world.At(3), Place::kWaiting);
  world.Pass(absl::Seconds(29));
  EXPECT_EQ(world.At(3), Place::kWaiting);
  world.Pass(absl::Seconds(1));
  EXPECT_EQ(world.At(3), Place::kRunning);
  EXPECT_EQ(world.scheduler.places(), 2u);
  world.Release(1);
  EXPECT_EQ(world.At(1), Place::kWaiting);
  EXPECT_EQ(world.scheduler.places(), 2u);
}

TEST(SchedulerTest, SuchJobsAreBoundedToo) {
  SchedulerFixture world(Places(2));
  for (uint32_t job = 1; job <= 10; ++job) world.held.insert(job);
  for (uint32_t job = 1; job <= 10; ++job) world.Add(job, kFg, job);
  for (int i = 0; i < 20; ++i) {
    for (uint32_t job : world.Running()) world.scheduler.Stop(IdOf(job), world.now);
    world.Pass(absl::Minutes(1));
  }
  size_t stopping = 0;
  for (uint32_t job = 1; job <= 10; ++job) stopping += world.At(job) == Place::kStopping ? 1 : 0;
  EXPECT_LE(stopping, 4u);
}

TEST(SchedulerTest, WithTwoSlotsTwoBackgroundJobsMove) {
  SchedulerFixture world(Places(8, 2));
  for (uint32_t job = 1; job <= 4; ++job) world.Add(job, kNormal);
  EXPECT_THAT(world.Running(), ElementsAre(1, 2));
  world.See(1, Throughput::kMoving);
  world.Add(5, kHigh);
  EXPECT_THAT(world.Running(), ElementsAre(1, 5)) << "what is known to move stays";
}

TEST(SchedulerTest, ADecisionAmongManyWaitingJobsIsQuick) {
  SchedulerFixture world(SchedulerOptions{});
  constexpr uint32_t kJobs = 200'000;
  for (uint32_t job = 0; job < kJobs; ++job) {
    world.scheduler.Enter(IdOf(job), OwnerOf(job % 1000), kNormal, world.now);
  }
  const absl::Time begin = absl::Now();
  for (uint32_t job = 0; job < kJobs / 2; ++job) world.scheduler.Leave(IdOf(job), world.now);
  // Were a decision to look at every waiting job, this would take minutes.
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20));
  EXPECT_EQ(world.scheduler.places(), 1u);
}

TEST(ThroughputMeterTest, FewBytesForAWholeWindowAreWaiting) {
  ThroughputMeter meter(absl::Seconds(2));
  absl::Time now = absl::FromUnixSeconds(1000);
  EXPECT_EQ(meter.Look({0, 500'000, true}, now), Throughput::kUnknown)
      << "resumed: it was there before";
  now += absl::Seconds(1);
  EXPECT_EQ(meter.Look({0, 500'001, true}, now), Throughput::kUnknown);
  now += absl::Seconds(1);
  EXPECT_EQ(meter.Look({0, 500'002, true}, now), Throughput::kWaiting);
}

TEST(ThroughputMeterTest, AWaitingTransferMovesAgainOnlyWhenItIsClearlyFaster) {
  ThroughputMeter meter(absl::Seconds(2));
  absl::Time now = absl::FromUnixSeconds(1000);
  uint64_t bytes = 0;
  const auto look = [&](uint64_t more) {
    now += absl::Seconds(2);
    return meter.Look({0, bytes += more, true}, now);
  };
  look(0);
  EXPECT_EQ(look(10), Throughput::kWaiting);
  EXPECT_EQ(look(2 * 8000), Throughput::kWaiting);
  EXPECT_EQ(look(2 * 20000), Throughput::kMoving);
  EXPECT_EQ(look(2 * 8000), Throughput::kMoving);
  EXPECT_EQ(look(2 * 1000), Throughput::kWaiting);
}

TEST(ThroughputMeterTest, AFileThatEndsIsProgressAndOneThatStartsAgainIsNot) {
  ThroughputMeter meter(absl::Seconds(2));
  absl::Time now = absl::FromUnixSeconds(1000);
  meter.Look({0, 100, true}, now);
  EXPECT_EQ(meter.Look({1, 0, true}, now + absl::Milliseconds(1)), Throughput::kMoving);
  EXPECT_EQ(meter.Look({1, 1'000'000, true}, now + absl::Milliseconds(2)), Throughput::kMoving);
  EXPECT_EQ(meter.Look({1, 0, true}, now + absl::Seconds(3)), Throughput::kWaiting);
}

}  // namespace
}  // namespace bitsd
