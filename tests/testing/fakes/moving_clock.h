// A wall clock that a test sets forward and back.
//
// Thread safety: any thread. Ownership: a value.

#ifndef BITSD_TESTS_TESTING_FAKES_MOVING_CLOCK_H_
#define BITSD_TESTS_TESTING_FAKES_MOVING_CLOCK_H_

#include <atomic>

#include "server/base/clock.h"

namespace bitsd {

class MovingClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Seconds(ahead_.load()); }
  /// From now on it goes by this much before the real time; behind it when negative.
  void Set(absl::Duration ahead) { ahead_ = absl::ToInt64Seconds(ahead); }

 private:
  std::atomic<int64_t> ahead_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_MOVING_CLOCK_H_
