// Remembered answers to request ids: a repeat of a request gets the first answer.
//
// Kept for 24 hours per caller. Thread safety: any thread. Ownership: owns the records and the
// answers that wait for a first answer still on its way.

#ifndef BITSD_SERVER_JOB_REQUEST_LEDGER_H_
#define BITSD_SERVER_JOB_REQUEST_LEDGER_H_

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/identity/sid.h"
#include "server/job/job_service.h"
#include "server/ops/clock.h"
#include "server/store/job_store.h"

namespace bitsd {

class RequestLedger {
 public:
  static constexpr absl::Duration kMemory = absl::Hours(24);
  static constexpr size_t kMaxPerCaller = 10000;

  explicit RequestLedger(const Clock& clock) : clock_(clock) {}

  /// Begins a request. Returns the function to answer it with, or null when it is a repeat or a
  /// misuse: then `done` is answered from here. `fingerprint` tells a repeat from another request
  /// under the same id (E_INVALIDARG). An empty id is never remembered. An error is not remembered.
  JobService::JobDone Begin(const Sid& caller, const std::string& request_id,
                            const std::string& fingerprint, JobService::JobDone done);

  /// Remembers a request from before a restart, unless it has expired.
  void Restore(const RequestRecord& request, JobView answer);

  /// Forgets what is older than 24 hours.
  void Sweep();

 private:
  struct Entry {
    std::string fingerprint;
    absl::Time expires;
    std::optional<JobView> answer;
    std::vector<JobService::JobDone> waiting;
  };

  void Answer(const Sid& caller, const std::string& request_id, absl::StatusOr<JobView> answer);

  const Clock& clock_;
  std::mutex mutex_;
  absl::flat_hash_map<Sid, std::map<std::string, Entry>> callers_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_REQUEST_LEDGER_H_
