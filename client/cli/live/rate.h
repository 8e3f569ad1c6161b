// How fast bytes come, smoothed, so that a figure can be read while it changes.
//
// Thread safety: a value.

#ifndef BITSD_CLIENT_CLI_LIVE_RATE_H_
#define BITSD_CLIENT_CLI_LIVE_RATE_H_

#include <chrono>
#include <cstdint>
#include <optional>

namespace bits::cli {

class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `bytes` are there at `now`. Fewer than before: it begins anew.
  void Sample(Time now, uint64_t bytes);

  /// Bytes a second; 0 before the second sample.
  double BytesPerSecond() const { return rate_; }

  /// How long `bytes` more take; no value while that cannot be told.
  std::optional<std::chrono::seconds> TimeFor(uint64_t bytes) const;

 private:
  std::optional<Time> last_time_;
  uint64_t last_bytes_ = 0;
  double rate_ = 0;
  bool has_rate_ = false;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_RATE_H_
