// The timer of a job in TRANSIENT_ERROR: when it is due the job is queued again.
//
// Thread safety: the job's lock. Ownership: a part of its job.

#ifndef BITSD_SERVER_JOB_RETRY_TIMER_H_
#define BITSD_SERVER_JOB_RETRY_TIMER_H_

#include "absl/time/time.h"
#include "server/base/heap_optional.h"
#include "server/base/timer.h"
#include "server/job/change_queue.h"
#include "server/job/job_core.h"
#include "server/model/job_record.h"

namespace bitsd {

class RetryTimer {
 public:
  RetryTimer(JobCore& core, ChangeQueue& changes) : core_(core), changes_(changes) {}

  /// The job waits for the retry that `record` names. A new timer is set only when it `may_begin`:
  /// the record is in the store.
  void Await(const JobRecord& record, bool may_begin);
  /// It waits for none.
  void Drop();

 private:
  struct Retry {
    absl::Time when;
    Timer::Task task;
  };

  void OnDue(absl::Time when);

  JobCore& core_;
  ChangeQueue& changes_;
  HeapOptional<Retry> retry_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_RETRY_TIMER_H_
