// The places for running jobs: asks the scheduler, watches how fast transfers are, and tells jobs
// when their place has changed.
//
// A job takes part from Enter to Leave. Whether it has a place is asked with PlaceOf;
// OnPlaceChanged only says that it is time to ask. Calls may be made with a job's lock held: what
// is to be said to other jobs is added to `deferred`, to be run without it.
//
// Thread safety: any thread; the lock is a leaf. Ownership: jobs are known weakly. Clock and timer
// must outlive the queue, and the timer must be stopped before it is destroyed.

#ifndef BITSD_SERVER_JOB_SCHEDULE_RUN_QUEUE_H_
#define BITSD_SERVER_JOB_SCHEDULE_RUN_QUEUE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/job/schedule/scheduler.h"

namespace bitsd {

/// A job, as the queue sees it. Called without a lock of the queue held.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual void OnPlaceChanged() = 0;
  virtual ProgressSample TakeSample() = 0;
};

class RunQueue {
 public:
  using Deferred = std::vector<std::function<void()>>;

  RunQueue(const SchedulerOptions& options, const Clock& clock, Timer& timer);

  void Enter(const JobId& job, const Sid& owner, JobPriority priority, std::weak_ptr<Runner> runner,
             Deferred& deferred);
  void Leave(const JobId& job, Deferred& deferred);
  /// The job stops its work of its own accord.
  void Stop(const JobId& job, Deferred& deferred);
  /// The work of a job that lost its place has stopped; it still wants to run.
  void Stopped(const JobId& job, Deferred& deferred);
  void SetPriority(const JobId& job, JobPriority priority, Deferred& deferred);
  Place PlaceOf(const JobId& job) const;

 private:
  struct Member {
    std::weak_ptr<Runner> runner;
    ThroughputMeter pace;
  };

  /// With the mutex held, after every change: who is to be told, and whether time matters.
  void Settle(Deferred& deferred);
  void Tick();
  void Observe(const JobId& job, const ProgressSample& sample, Deferred& deferred);

  const SchedulerOptions options_;
  const absl::Duration interval_;  ///< Between two looks at running jobs.
  const Clock& clock_;
  Timer& timer_;

  mutable std::mutex mutex_;
  Scheduler scheduler_;
  absl::flat_hash_map<JobId, Member> members_;
  bool ticking_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SCHEDULE_RUN_QUEUE_H_
