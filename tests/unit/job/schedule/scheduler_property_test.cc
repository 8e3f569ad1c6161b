// The scheduler in random histories: whatever comes, the rules hold after every step.

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/unit/job/schedule/scheduler_fixture.h"

namespace bitsd {
namespace {

struct Played {
  uint32_t owner = 0;
  JobPriority priority = JobPriority::kNormal;
  bool slow = false;
  bool stops_slowly = false;
  absl::Duration work;  ///< Left.
  absl::Time waits_since;
};

class History {
 public:
  History(uint32_t seed, const SchedulerOptions& options)
      : options_(options), world_(options), random_(seed) {}

  /// Random arrivals, ends, priorities, paces and stops.
  void Play(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      Act();
      Step();
    }
  }

  /// No new jobs, each does its work: how many are left after `time`.
  size_t Drain(absl::Duration time) {
    const absl::Time end = world_.now + time;
    while (world_.now < end && !jobs_.empty() && !testing::Test::HasFailure()) Step();
    return jobs_.size();
  }

 private:
  uint32_t Pick(uint32_t count) { return random_() % count; }

  void Act() {
    switch (Pick(8)) {
      case 0:
      case 1:
      case 2: return Arrive();
      case 3: return With([&](uint32_t job) { world_.End(job), jobs_.erase(job); });
      case 4:
        return With([&](uint32_t job) {
          jobs_[job].priority = static_cast<JobPriority>(Pick(4));
          world_.Prioritise(job, jobs_[job].priority);
        });
      case 5: return With([&](uint32_t job) { jobs_[job].slow = !jobs_[job].slow; });
      case 6:
        return With([&](uint32_t job) {
          world_.scheduler.Stop(IdOf(job), world_.now);
          world_.Obey();
        });
      case 7: return ReleaseSome();
    }
  }

  void Arrive() {
    if (jobs_.size() > 60) return;
    const uint32_t job = next_++;
    Played& played = jobs_[job];
    played.owner = Pick(4);
    played.priority = static_cast<JobPriority>(Pick(4));
    played.slow = Pick(3) == 0;
    played.stops_slowly = Pick(4) == 0;
    played.work = absl::Seconds(1 + Pick(20));
    if (played.stops_slowly) world_.held.insert(job);
    world_.Add(job, played.priority, played.owner);
  }

  template <typename Act>
  void With(Act act) {
    if (jobs_.empty()) return;
    auto it = jobs_.begin();
    std::advance(it, Pick(static_cast<uint32_t>(jobs_.size())));
    act(it->first);
  }

  void ReleaseSome() {
    for (const auto& [job, played] : jobs_) {
      if (world_.At(job) != Place::kStopping || Pick(2) != 0) continue;
      world_.Release(job);
      if (played.stops_slowly) world_.held.insert(job);
    }
  }

  /// Time passes: running jobs work, paces are seen, and every rule is checked.
  void Step() {
    const absl::Duration time = absl::Milliseconds(100 + Pick(400));
    std::vector<uint32_t> done;
    for (uint32_t job : world_.Running()) {
      Played& played = jobs_[job];
      played.work -= played.slow ? time / 4 : time;
      if (played.work <= absl::ZeroDuration()) done.push_back(job);
    }
    world_.Pass(time);
    Check();
    for (uint32_t job : done) {
      world_.End(job);
      jobs_.erase(job);
      Check();
    }
    for (uint32_t job : world_.Running()) {
      if (Pick(2) != 0) continue;
      world_.See(job, jobs_[job].slow ? Throughput::kWaiting : Throughput::kMoving, Pick(5) != 0);
      Check();
      if (!jobs_[job].slow) CheckThatItSharesTheSlots(job);
    }
    ReleaseSome();
    Check();
  }

  void Check() {
    Counts counts = CountAll();
    ASSERT_LE(world_.scheduler.places(), options_.max_running);
    const size_t kept = std::min(options_.background_jobs, options_.max_running / 2);
    const size_t places = options_.max_running - kept;
    ASSERT_LE(counts.foreground, places);
    const bool full = world_.scheduler.places() == options_.max_running;
    const size_t stopping = world_.scheduler.places() - counts.running;
    // No ready FOREGROUND waits while a place is free or not yet on its way.
    const size_t need = std::min(counts.waiting[0], places - counts.foreground);
    if (need > 0) {
      ASSERT_TRUE(full);
      ASSERT_GE(stopping, need);
    }
    CheckForegroundShares(counts, places);
    // Nobody lower holds one while somebody higher waits.
    for (int low = 1; low < 4; ++low) {
      for (int high = 1; high < low; ++high) {
        if (counts.waiting[high] == 0 || counts.holders[low] == 0) continue;
        ASSERT_TRUE(full && stopping > 0) << "a lower job keeps its slot from a higher one";
      }
    }
    const size_t holders = counts.holders[1] + counts.holders[2] + counts.holders[3];
    const size_t waiting = counts.waiting[1] + counts.waiting[2] + counts.waiting[3];
    if (waiting > 0 && holders == 0) {
      ASSERT_TRUE(full) << "a slot and a place are free";
    }
  }

  struct Counts {
    size_t running = 0;
    size_t foreground = 0;
    std::array<size_t, 4> waiting{};
    std::array<size_t, 4> holders{};
    std::map<uint32_t, size_t> loads;
    std::set<uint32_t> waiting_owners;
  };
  Counts CountAll() {
    Counts counts;
    for (const auto& [job, played] : jobs_) {
      const size_t priority = static_cast<size_t>(played.priority);
      const Place place = world_.At(job);
      if (place == Place::kWaiting) ++counts.waiting[priority];
      if (place == Place::kWaiting && priority == 0) counts.waiting_owners.insert(played.owner);
      if (place != Place::kRunning) continue;
      ++counts.running;
      if (priority == 0) ++counts.foreground, ++counts.loads[played.owner];
      if (priority != 0 && !world_.scheduler.IsLent(IdOf(job))) ++counts.holders[priority];
    }
    return counts;
  }

  /// A job that was just seen to move either gave up its slot or shares the slots with no more.
  void CheckThatItSharesTheSlots(uint32_t job) {
    if (jobs_[job].priority == kFg || !world_.Runs(job)) return;
    const Counts counts = CountAll();
    ASSERT_LE(counts.holders[1] + counts.holders[2] + counts.holders[3], options_.background_jobs);
  }

  void CheckForegroundShares(Counts& counts, size_t places) {
    if (counts.foreground < places) return;
    for (uint32_t waits : counts.waiting_owners) {
      for (const auto& [owner, load] : counts.loads) {
        ASSERT_LE(load, counts.loads[waits] + 1) << "one owner keeps the places from another";
      }
    }
  }

  const SchedulerOptions options_;
  SchedulerFixture world_;
  std::mt19937 random_;
  std::map<uint32_t, Played> jobs_;
  uint32_t next_ = 1;
};

class SchedulerPropertyTest : public testing::TestWithParam<SchedulerOptions> {};

/// How many histories of each machine: a few, or what BITSD_SEARCH says (tests/soak).
uint32_t Histories() {
  const char* wanted = std::getenv("BITSD_SEARCH");
  return wanted == nullptr ? 8 : static_cast<uint32_t>(std::atoi(wanted));
}

TEST_P(SchedulerPropertyTest, TheRulesHoldInRandomHistoriesAndEveryJobEnds) {
  for (uint32_t seed = 1; seed <= Histories() && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed, GetParam());
    history.Play(300);
    EXPECT_EQ(history.Drain(absl::Hours(3)), 0u) << "somebody waits for ever";
  }
}

SchedulerOptions Options(size_t places, size_t background, absl::Duration slice) {
  SchedulerOptions options;
  options.max_running = places;
  options.background_jobs = background;
  options.time_slice = slice;
  options.stop_patience = absl::Seconds(5);
  return options;
}

INSTANTIATE_TEST_SUITE_P(Machines, SchedulerPropertyTest,
                         testing::Values(Options(2, 1, absl::Seconds(3)),
                                         Options(4, 1, absl::Seconds(1)),
                                         Options(8, 2, absl::Seconds(2)),
                                         Options(64, 1, absl::Minutes(5)),
                                         Options(5, 4, absl::Seconds(2))));

/// Jobs that never end, all of one priority: within so many slices each has had its turns.
TEST(SchedulerFairnessTest, EqualJobsOfOneOwnerGetEqualTime) {
  for (JobPriority priority : {kFg, kHigh, kNormal, kLow}) {
    SchedulerFixture world(Options(4, 1, absl::Seconds(1)));
    constexpr uint32_t kJobs = 11;
    for (uint32_t job = 0; job < kJobs; ++job) world.Add(job, priority);
    std::map<uint32_t, int> ticks;
    std::map<uint32_t, int> last;
    int longest = 0;
    for (int tick = 0; tick < 4400; ++tick) {
      world.Pass(absl::Milliseconds(100));
      for (uint32_t job : world.Running()) {
        ++ticks[job];
        longest = std::max(longest, tick - std::exchange(last[job], tick));
      }
    }
    ASSERT_EQ(ticks.size(), kJobs);
    const auto [least, most] =
        std::minmax_element(ticks.begin(), ticks.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
    EXPECT_LE(most->second, least->second * 1.1) << static_cast<int>(priority);
    EXPECT_LE(longest, 10 * static_cast<int>(kJobs)) << "ten ticks are a slice";
  }
}

}  // namespace
}  // namespace bitsd
