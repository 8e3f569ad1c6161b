// How jobs went, in the audit log: each change of a job to ERROR, TRANSIENT_ERROR or TRANSFERRED.
//
// A URL is written without user and query, which may carry secrets. Lines are bounded for each
// owner, so that nobody fills a disk or hides others; the owner's next line then says how many were
// left out. Thread safety: any thread. Ownership: audit log and clock must outlive it.

#ifndef BITSD_SERVER_JOB_OUTCOME_LOG_H_
#define BITSD_SERVER_JOB_OUTCOME_LOG_H_

#include <cstdint>
#include <mutex>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "server/base/clock.h"
#include "server/base/rate_limit.h"
#include "server/identity/sid.h"
#include "server/model/job_record.h"
#include "server/ops/audit.h"

namespace bitsd {

class OutcomeLog {
 public:
  static constexpr int kBurst = 100;  ///< Lines of one owner at once.
  static constexpr absl::Duration kRefill = absl::Seconds(5);
  /// Owners whose budgets are kept; they are bounded by the account directory.
  static constexpr size_t kMaxOwners = 10'000;

  OutcomeLog(AuditLog& audit, const Clock& clock) : audit_(audit), clock_(clock) {}

  /// `job` has just become ERROR, TRANSIENT_ERROR or TRANSFERRED.
  void Add(const JobRecord& job);

 private:
  struct Owner {
    RateLimit budget{kBurst, kRefill};
    uint64_t left_out = 0;
  };

  /// How many lines were left out before this one; nothing when it is left out, too.
  std::optional<uint64_t> TakeLine(const Sid& owner);
  Owner& Find(const Sid& owner, absl::Time now);

  AuditLog& audit_;
  const Clock& clock_;
  std::mutex mutex_;
  absl::flat_hash_map<Sid, Owner> owners_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_OUTCOME_LOG_H_
