// A clock that stands still until a test moves it.
//
// Thread safety: any thread. Ownership: a value.

#ifndef BITSD_TESTS_TESTING_FAKES_MANUAL_CLOCK_H_
#define BITSD_TESTS_TESTING_FAKES_MANUAL_CLOCK_H_

#include <mutex>

#include "server/base/clock.h"

namespace bitsd {

class ManualClock : public Clock {
 public:
  absl::Time Now() const override {
    std::lock_guard lock(mutex_);
    return follows_ ? absl::Now() : now_;
  }
  void Advance(absl::Duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }
  /// From now on it is the system's.
  void FollowTheSystem() {
    std::lock_guard lock(mutex_);
    follows_ = true;
  }

 private:
  mutable std::mutex mutex_;
  bool follows_ = false;
  // Ahead of the system: nothing that was planned by it is due by itself.
  absl::Time now_ = absl::Now() + absl::Hours(1);
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_MANUAL_CLOCK_H_
