// The pauses between attempts: growing, partly random, so that many clients do not come at once.
//
// Internal. Thread safety: none, one thread at a time. Ownership: a value.

#ifndef BITSD_CLIENT_BASE_BACKOFF_H_
#define BITSD_CLIENT_BASE_BACKOFF_H_

#include <algorithm>
#include <chrono>
#include <random>

namespace bits {

class Pauses {
 public:
  Pauses(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(std::max(first, std::chrono::milliseconds(1))),
        longest_(std::max(first_, longest)),
        next_(first_) {}

  /// From half of the present length to all of it; the one after is twice as long.
  std::chrono::milliseconds Next() {
    const std::chrono::milliseconds pause = next_;
    next_ = std::min(next_ * 2, longest_);
    return std::chrono::milliseconds(
        std::uniform_int_distribution<int64_t>(pause.count() / 2, pause.count())(random_));
  }

  void Reset() { next_ = first_; }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds longest_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace bits

#endif  // BITSD_CLIENT_BASE_BACKOFF_H_
