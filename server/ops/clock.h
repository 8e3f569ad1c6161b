// Time, injected wherever it decides something. Thread safety: any thread.

#ifndef BITSD_SERVER_OPS_CLOCK_H_
#define BITSD_SERVER_OPS_CLOCK_H_

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

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_CLOCK_H_
