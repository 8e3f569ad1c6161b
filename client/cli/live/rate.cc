#include "client/cli/live/rate.h"

#include <cmath>

namespace bits::cli {
namespace {

using Seconds = std::chrono::duration<double>;

// A step of the speed is shown to two thirds after this time.
constexpr double kSmoothing = 3.0;
// Samples that are closer say nothing.
constexpr Seconds kMinInterval{0.2};
constexpr double kSlowest = 1.0;
constexpr double kLongest = 100.0 * 24 * 3600;

}  // namespace

void RateMeter::Sample(Time now, uint64_t bytes) {
  if (!last_time_ || bytes < last_bytes_) {
    *this = RateMeter();
    last_time_ = now;
    last_bytes_ = bytes;
    return;
  }
  const Seconds passed = now - *last_time_;
  if (passed < kMinInterval) return;
  const double current = static_cast<double>(bytes - last_bytes_) / passed.count();
  const double weight = has_rate_ ? 1 - std::exp(-passed.count() / kSmoothing) : 1;
  rate_ += weight * (current - rate_);
  has_rate_ = true;
  last_time_ = now;
  last_bytes_ = bytes;
}

std::optional<std::chrono::seconds> RateMeter::TimeFor(uint64_t bytes) const {
  if (rate_ < kSlowest) return std::nullopt;
  const double seconds = std::ceil(static_cast<double>(bytes) / rate_);
  if (seconds > kLongest) return std::nullopt;
  return std::chrono::seconds(static_cast<int64_t>(seconds));
}

}  // namespace bits::cli
