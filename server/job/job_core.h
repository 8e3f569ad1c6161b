// What the parts of a job have in common: who the job is, its lock, and a hold on the whole of it.
//
// A part does everything in Locked. What calls others, or may come back to the job, is deferred: it
// runs once the lock is released. A callback that outlives the call holds the job, weakly where
// nothing is lost with it. Thread safety: any thread. Ownership: the base of Job; JobEnvironment
// outlives it.

#ifndef BITSD_SERVER_JOB_JOB_CORE_H_
#define BITSD_SERVER_JOB_JOB_CORE_H_

#include <memory>
#include <mutex>

#include "server/identity/sid.h"
#include "server/job/job_environment.h"
#include "server/job/schedule/run_queue.h"
#include "server/model/job_id.h"
#include "server/model/job_record.h"

namespace bitsd {

/// What is to be done once the lock is released.
using Deferred = RunQueue::Deferred;

class JobCore : public std::enable_shared_from_this<JobCore> {
 public:
  JobCore(JobEnvironment& environment, const JobRecord& record)
      : environment_(environment),
        id_(record.id),
        owner_(environment.owners.Keep(record.owner)),
        elevated_(record.elevated) {}
  virtual ~JobCore() = default;
  JobCore(const JobCore&) = delete;
  JobCore& operator=(const JobCore&) = delete;

  const JobId& id() const { return id_; }
  const Sid& owner() const { return owner_; }
  bool elevated() const { return elevated_; }
  JobEnvironment& environment() const { return environment_; }

  /// Something else is shown now: watchers are told, once the lock is released.
  virtual void Changed(Deferred& deferred) = 0;

  /// Runs `step` with the lock held, and without it what that deferred.
  template <typename Step>
  void Locked(const Step& step) {
    Deferred deferred;
    {
      const std::lock_guard lock(mutex_);
      step(deferred);
    }
    for (auto& action : deferred) action();
  }

 protected:
  mutable std::mutex mutex_;

 private:
  JobEnvironment& environment_;
  const JobId id_;
  const Sid& owner_;  ///< In the environment's pool.
  const bool elevated_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_CORE_H_
