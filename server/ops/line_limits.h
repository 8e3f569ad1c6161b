// Limits the lines of a log: for each SID a few at once, and then one at intervals.
//
// A flood hides only the lines of its own SID, whose next line says how many were left out. All
// SIDs together may have a limit, too. Thread safety: any thread. Ownership: values only.

#ifndef BITSD_SERVER_OPS_LINE_LIMITS_H_
#define BITSD_SERVER_OPS_LINE_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/base/rate_limit.h"
#include "server/identity/sid.h"

namespace bitsd {

class LineLimits {
 public:
  /// SIDs whose limits are kept; the others share one. Known ones are bounded by the account
  /// directory.
  static constexpr size_t kMaxSids = 10'000;

  explicit LineLimits(const RateLimit& each, std::optional<RateLimit> all = std::nullopt)
      : each_{each}, all_(all) {}

  /// How many lines of `sid` were left out before this one; nothing when it is left out, too.
  std::optional<uint64_t> Take(const Sid& sid, absl::Time now);

 private:
  struct Entry {
    RateLimit limit;
    uint64_t left_out = 0;
  };

  Entry& Find(const Sid& sid, absl::Time now);

  const Entry each_;  ///< Of a SID without a line yet.
  std::mutex mutex_;
  std::optional<RateLimit> all_;
  absl::flat_hash_map<Sid, Entry> entries_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_LINE_LIMITS_H_
