// The place of a job among those that run: takes it, leaves it, and notices when it is gone.
//
// Thread safety: the job's lock. Ownership: a part of its job.

#ifndef BITSD_SERVER_JOB_JOB_PLACE_H_
#define BITSD_SERVER_JOB_JOB_PLACE_H_

#include "server/job/job_core.h"
#include "server/job/schedule/run_queue.h"
#include "server/model/job_record.h"

namespace bitsd {

class JobPlace {
 public:
  /// `runner`, a part of the job, is told when it is time to look again.
  JobPlace(JobCore& core, Runner& runner) : core_(core), runner_(runner) {}

  /// True once the job may run; else it is told when that changes.
  bool Take(JobPriority priority, Deferred& deferred);
  void Leave(Deferred& deferred);
  /// The job stops its work.
  void Stop(Deferred& deferred);
  void SetPriority(JobPriority priority, Deferred& deferred);

  /// The job may run, as far as others are concerned.
  bool MayRun() const;
  bool waits() const { return waits_; }

 private:
  JobCore& core_;
  Runner& runner_;
  bool entered_ = false;  ///< Between Enter and Leave.
  bool waits_ = false;
  JobPriority told_ = JobPriority::kNormal;  ///< What the places know.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_PLACE_H_
