// A timer whose time passes when a test says so: with its clock, and on the test's thread.
//
// Thread safety: one thread. Ownership: the clock outlives it.

#ifndef BITSD_TESTS_TESTING_FAKES_MANUAL_TIMER_H_
#define BITSD_TESTS_TESTING_FAKES_MANUAL_TIMER_H_

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "server/base/timer.h"
#include "tests/testing/fakes/manual_clock.h"

namespace bitsd {

class ManualTimer : public Timer {
 public:
  explicit ManualTimer(ManualClock& clock) : clock_(clock) {}

  void Cancel(const Task& task) override {
    if (!task.at) return;
    const auto dropped = due_.extract({*task.at, task.id});  // It may own what cancels others.
  }

  /// Runs what is due, and what becomes due by that.
  void RunDue() {
    while (!due_.empty() && due_.begin()->first.first <= clock_.Now()) {
      const std::function<void()> fn = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      fn();
    }
  }
  /// Time passes; everything happens at its own moment.
  void Pass(absl::Duration time) {
    const absl::Time end = clock_.Now() + time;
    while (!due_.empty() && due_.begin()->first.first <= end) {
      const absl::Time when = due_.begin()->first.first;
      if (when > clock_.Now()) clock_.Advance(when - clock_.Now());
      RunDue();
    }
    clock_.Advance(end - clock_.Now());
  }
  /// What was to come never does: its owner is gone.
  void Forget() { const auto forgotten = std::exchange(due_, {}); }

 private:
  Task Add(std::optional<absl::Time> when, std::optional<absl::Duration> delay,
           std::function<void()> fn) override {
    // There is one clock: both come together.
    const absl::Time due = when ? *when : clock_.Now() + *delay;
    due_.emplace(std::pair(due, next_id_), std::move(fn));
    return {next_id_++, due, std::nullopt};
  }

  ManualClock& clock_;
  uint64_t next_id_ = 1;
  std::map<std::pair<absl::Time, uint64_t>, std::function<void()>> due_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_MANUAL_TIMER_H_
