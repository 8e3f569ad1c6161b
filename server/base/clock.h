// Time, injected wherever it decides something. Thread safety: any thread.

#ifndef BITSD_SERVER_BASE_CLOCK_H_
#define BITSD_SERVER_BASE_CLOCK_H_

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace bitsd {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

/// Time that passes evenly, whatever is done to the wall clock: for spans, not for dates.
class SteadyClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::UnixEpoch() +
           absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_CLOCK_H_
