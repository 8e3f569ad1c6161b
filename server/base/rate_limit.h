// A token bucket: a burst at once, and then one for each `refill`.
//
// Thread safety: none; the user locks. Ownership: a value.

#ifndef BITSD_SERVER_BASE_RATE_LIMIT_H_
#define BITSD_SERVER_BASE_RATE_LIMIT_H_

#include <algorithm>

#include "absl/time/time.h"

namespace bitsd {

class RateLimit {
 public:
  /// `burst` lines at once; each comes back after `refill`.
  RateLimit(int burst, absl::Duration refill) : burst_(burst), refill_(refill), left_(burst) {}

  /// There is a line left at `now`.
  bool Has(absl::Time now) {
    // A clock that was set back counts from where it is.
    if (now < since_ || left_ == burst_) since_ = now;
    const int64_t back = std::min<int64_t>((now - since_) / refill_, burst_ - left_);
    left_ += static_cast<int>(back);
    since_ += back * refill_;
    return left_ > 0;
  }
  /// Takes the line that Has promised.
  void Take() { --left_; }
  /// Nothing was taken for so long that everything is there again.
  bool IsFull(absl::Time now) { return Has(now) && left_ == burst_; }

 private:
  int burst_;
  absl::Duration refill_;
  int left_;
  absl::Time since_ = absl::InfiniteFuture();
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_RATE_LIMIT_H_
