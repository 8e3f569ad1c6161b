// Whether a transfer moves or waits for its server, judged by the bytes that arrived.
//
// Thread safety: none, its user's. Ownership: a value.

#ifndef BITSD_SERVER_JOB_SCHEDULE_THROUGHPUT_H_
#define BITSD_SERVER_JOB_SCHEDULE_THROUGHPUT_H_

#include <cstdint>

#include "absl/time/time.h"

namespace bitsd {

enum class Throughput {
  kUnknown,  ///< Not looked at long enough.
  kMoving,
  kWaiting,  ///< Connecting, or next to nothing comes.
};

/// How far a transfer is: in which file, and how many bytes of it are there.
struct ProgressSample {
  uint32_t file = 0;
  uint64_t bytes = 0;
  bool resumable = true;  ///< What is there is kept when the transfer stops now.
};

class ThroughputMeter {
 public:
  /// Below this a transfer waits for its server: bytes a second.
  static constexpr double kSlow = 1024;
  /// A transfer that waited moves again from here on, so that one at the border does not flutter.
  static constexpr double kFast = 16 * 1024;

  /// Looks at spans of `window`, which is not zero.
  explicit ThroughputMeter(absl::Duration window) : window_(window) {}

  /// The first look only notes what is there.
  Throughput Look(const ProgressSample& sample, absl::Time now);

 private:
  absl::Duration window_;
  absl::Time since_;
  bool first_ = true;  ///< The next sample is what was there before.
  ProgressSample then_;
  Throughput pace_ = Throughput::kUnknown;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SCHEDULE_THROUGHPUT_H_
