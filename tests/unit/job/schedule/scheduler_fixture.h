// A scheduler with jobs that do as they are told at once, and a clock that a test moves.
//
// Thread safety: one thread. Ownership: owns the scheduler.

#ifndef BITSD_TESTS_UNIT_JOB_SCHEDULE_SCHEDULER_FIXTURE_H_
#define BITSD_TESTS_UNIT_JOB_SCHEDULE_SCHEDULER_FIXTURE_H_

#include <map>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "server/job/schedule/scheduler.h"

namespace bitsd {

inline JobId IdOf(uint32_t number) {
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < sizeof number; ++i) bytes[i] = static_cast<uint8_t>(number >> (8 * i));
  return JobId(bytes);
}
inline Sid OwnerOf(uint32_t number) { return Sid{5, {21, number}}; }

inline constexpr JobPriority kFg = JobPriority::kForeground;
inline constexpr JobPriority kHigh = JobPriority::kHigh;
inline constexpr JobPriority kNormal = JobPriority::kNormal;
inline constexpr JobPriority kLow = JobPriority::kLow;

class SchedulerFixture {
 public:
  explicit SchedulerFixture(const SchedulerOptions& options) : scheduler(options) {}

  void Add(uint32_t job, JobPriority priority, uint32_t owner = 1) {
    scheduler.Enter(IdOf(job), OwnerOf(owner), priority, now);
    known.insert(job);
    Obey();
  }
  void End(uint32_t job) {
    scheduler.Leave(IdOf(job), now);
    known.erase(job);
    Obey();
  }
  void See(uint32_t job, Throughput pace, bool resumable = true) {
    scheduler.Observe(IdOf(job), pace, resumable, now);
    Obey();
  }
  void Prioritise(uint32_t job, JobPriority priority) {
    scheduler.SetPriority(IdOf(job), priority, now);
    Obey();
  }
  void Pass(absl::Duration time) {
    now += time;
    scheduler.Tick(now);
    Obey();
  }
  /// Jobs that lost their place stop, unless the test holds them.
  void Obey() {
    for (bool more = true; more;) {
      more = false;
      for (uint32_t job : known) {
        if (At(job) != Place::kStopping || held.contains(job)) continue;
        scheduler.Stopped(IdOf(job), now);
        more = true;
      }
    }
  }
  void Release(uint32_t job) {
    held.erase(job);
    Obey();
  }

  Place At(uint32_t job) const { return scheduler.PlaceOf(IdOf(job)); }
  bool Runs(uint32_t job) const { return At(job) == Place::kRunning; }
  std::vector<uint32_t> Running() const {
    std::vector<uint32_t> jobs;
    for (uint32_t job : known) {
      if (Runs(job)) jobs.push_back(job);
    }
    return jobs;
  }

  Scheduler scheduler;
  absl::Time now = absl::FromUnixSeconds(1'000'000);
  std::set<uint32_t> known;
  std::set<uint32_t> held;  ///< Do not stop when told to.
};

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_JOB_SCHEDULE_SCHEDULER_FIXTURE_H_
