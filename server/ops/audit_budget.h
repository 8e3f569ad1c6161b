// How much each caller may make the audit log write: a burst, and then so many bytes a second.
//
// An event counts for the identity that caused it (caller_sid, else owner_sid, acting_sid,
// user_sid). Events over the budget are left out, and the caller's next line says how many
// (left_out). A flood therefore hides only the events of its own caller. Events that nobody caused
// are always written.
//
// Thread safety: any thread; never blocks. Ownership: log and clock must outlive it.

#ifndef BITSD_SERVER_OPS_AUDIT_BUDGET_H_
#define BITSD_SERVER_OPS_AUDIT_BUDGET_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/ops/audit.h"

namespace bitsd {

class AuditBudget : public AuditLog {
 public:
  static constexpr double kBurstBytes = 8 << 20;
  static constexpr double kBytesPerSecond = 64 << 10;
  /// Callers whose budgets are kept; the others share one. Known callers are bounded by the account
  /// directory.
  static constexpr size_t kMaxCallers = 10'000;

  AuditBudget(AuditLog& log, const Clock& clock) : log_(log), clock_(clock) {}

  void Write(AuditEvent event) override;

 private:
  struct Caller {
    double left = kBurstBytes;
    absl::Time since = absl::InfinitePast();
    uint64_t left_out = 0;
  };

  static void Refill(Caller& caller, absl::Time now);
  Caller& Find(const std::string& sid, absl::Time now);

  AuditLog& log_;
  const Clock& clock_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Caller> callers_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_AUDIT_BUDGET_H_
