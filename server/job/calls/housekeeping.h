// What happens by itself now and then: handles and remembered answers end, and watchers hear of
// progress.
//
// Thread safety: the timer's thread but for the start. Ownership: what Deps names outlives the
// timer.

#ifndef BITSD_SERVER_JOB_CALLS_HOUSEKEEPING_H_
#define BITSD_SERVER_JOB_CALLS_HOUSEKEEPING_H_

#include <atomic>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/job/calls/handle_table.h"
#include "server/job/calls/job_table.h"
#include "server/job/calls/request_ledger.h"
#include "server/job/watch_hub.h"
#include "server/model/job_store.h"

namespace bitsd {

class Housekeeping {
 public:
  struct Deps {
    JobStore& store;
    Timer& timer;
    const Clock& clock;
    const Clock& steady;
    HandleTable& handles;
    RequestLedger& ledger;
    const JobTable& table;
    WatchHub& watchers;
    const std::atomic<bool>& stopping;
  };

  explicit Housekeeping(const Deps& deps) : deps_(deps) {}

  void Start();

 private:
  void ScheduleSweep();
  void ScheduleProgress();
  void ForgetRequests();

  const Deps deps_;
  absl::Time requests_forgotten_ = absl::InfinitePast();  ///< By the steady clock.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_HOUSEKEEPING_H_
