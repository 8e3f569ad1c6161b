// How long to wait before a store that refused a commit is asked again. Thread safety: pure.

#ifndef BITSD_SERVER_BASE_RETRY_BACKOFF_H_
#define BITSD_SERVER_BASE_RETRY_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace bitsd {

/// After `failures` in a row: 200 ms, doubled each time, at most 10 s.
inline absl::Duration StoreBackoff(int failures) {
  constexpr absl::Duration kFirst = absl::Milliseconds(100);
  constexpr absl::Duration kLast = absl::Seconds(10);
  constexpr int kMaxDoublings = 10;
  return std::min(kFirst * (1 << std::min(failures, kMaxDoublings)), kLast);
}

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_RETRY_BACKOFF_H_
