// How jobs went, in the audit log: each change of a job to ERROR, TRANSIENT_ERROR or TRANSFERRED.
//
// A URL is written without user and query, which may carry secrets. Lines are bounded for each
// owner, so that nobody fills a disk or hides others; the owner's next line then says how many were
// left out. Thread safety: any thread. Ownership: audit log and clock must outlive it.

#ifndef BITSD_SERVER_JOB_OUTCOME_LOG_H_
#define BITSD_SERVER_JOB_OUTCOME_LOG_H_

#include "server/base/clock.h"
#include "server/model/job_record.h"
#include "server/ops/audit.h"
#include "server/ops/line_limits.h"

namespace bitsd {

class OutcomeLog {
 public:
  static constexpr int kBurst = 100;  ///< Lines of one owner at once.
  static constexpr absl::Duration kRefill = absl::Seconds(5);

  OutcomeLog(AuditLog& audit, const Clock& clock) : audit_(audit), clock_(clock) {}

  /// `job` has just become ERROR, TRANSIENT_ERROR or TRANSFERRED.
  void Add(const JobRecord& job);

 private:
  AuditLog& audit_;
  const Clock& clock_;
  LineLimits limits_{RateLimit(kBurst, kRefill)};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_OUTCOME_LOG_H_
