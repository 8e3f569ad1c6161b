// Remembered answers to request ids: a repeat of a request gets the first answer.
//
// Kept for 24 hours, and so many and so many bytes for each caller: one more takes the place of the
// caller's oldest. An answer is kept as the store keeps it. Thread safety: any thread. Ownership:
// owns the records and the answers that wait for a first answer still on its way.

#ifndef BITSD_SERVER_JOB_CALLS_REQUEST_LEDGER_H_
#define BITSD_SERVER_JOB_CALLS_REQUEST_LEDGER_H_

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/identity/sid.h"
#include "server/job/service/job_service.h"
#include "server/model/job_store.h"
#include "server/policy/job_limits.h"

namespace bitsd {

class RequestLedger {
 public:
  static constexpr absl::Duration kMemory = absl::Hours(24);
  /// `forgotten` is told of an answer that gave way to another, for the store to forget it.
  RequestLedger(const Clock& clock, const policy::KeptLimits& limits,
                std::function<void(const Sid& caller, const std::string& request_id)> forgotten)
      : clock_(clock), forgotten_(std::move(forgotten)), limits_(limits) {}

  /// Begins a request. Returns the function to answer it with, or null when it is a repeat or a
  /// misuse: then `done` is answered from here. `fingerprint` tells a repeat from another request
  /// under the same id (E_INVALIDARG). An empty id is never remembered. An error is not remembered.
  JobService::JobDone Begin(const Sid& caller, const std::string& request_id,
                            const std::string& fingerprint, JobService::JobDone done);

  /// Remembers a request from before a restart, unless it has expired.
  void Restore(const RequestRecord& request, JobView answer);

  /// From the next request on.
  void SetLimits(const policy::KeptLimits& limits);

  /// Forgets what is older than 24 hours.
  void Sweep();

 private:
  struct Entry {
    std::string fingerprint;
    absl::Time expires;
    std::optional<JobView> answer;
    std::vector<JobService::JobDone> waiting;
    std::list<std::string>::iterator place;  ///< In its caller's order.
  };
  using Entries = std::map<std::string, Entry>;
  struct Caller {
    Entries entries;
    std::list<std::string> order;  ///< The oldest first.
    size_t bytes = 0;
  };

  static size_t BytesOf(const std::string& id, const Entry& entry);
  /// Forgets the oldest answers as long as there is no room for one more; false: there is none.
  bool MakeRoom(Caller& caller, std::vector<std::string>& forgotten) const;
  static void Add(Caller& caller, const std::string& request_id, Entry entry);
  static void Remove(Caller& caller, Entries::iterator entry);
  void Answer(const Sid& caller, const std::string& request_id, absl::StatusOr<JobView> answer);

  const Clock& clock_;
  const std::function<void(const Sid&, const std::string&)> forgotten_;
  std::mutex mutex_;
  policy::KeptLimits limits_;
  absl::flat_hash_map<Sid, Caller> callers_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_REQUEST_LEDGER_H_
