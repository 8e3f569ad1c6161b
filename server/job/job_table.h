// Every job, by id and by owner.
//
// 64 stripes each, so that callers of different jobs rarely meet. The owner index holds the jobs
// that are not finished: what ListJobs shows and the limits count. Thread safety: any thread.
// Ownership: the table shares the jobs.

#ifndef BITSD_SERVER_JOB_JOB_TABLE_H_
#define BITSD_SERVER_JOB_JOB_TABLE_H_

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/identity/sid.h"
#include "server/job/job.h"
#include "server/policy/job_limits.h"

namespace bitsd {

class JobTable {
 public:
  /// Takes the place of a new job of `owner`. BG_E_TOO_MANY_JOBS_PER_USER or _PER_MACHINE when
  /// there is none. An `exempt` job is not limited and does not count.
  absl::Status Reserve(const Sid& owner, const JobId& id, const policy::JobLimits& limits,
                       bool exempt);
  /// Takes a place for a job that had one before a restart, whatever the limits are now.
  void Readmit(const Sid& owner, const JobId& id, bool exempt);
  /// Gives the place back: the job was not made, or is finished. It can still be found by id. False
  /// when it had none.
  bool Retire(const Sid& owner, const JobId& id);

  void Insert(std::shared_ptr<Job> job);
  std::shared_ptr<Job> Find(const JobId& id) const;
  void Erase(const JobId& id);

  /// The jobs of `owner` that are not finished.
  std::vector<std::shared_ptr<Job>> OfOwner(const Sid& owner) const;
  /// Every job, finished ones included.
  std::vector<std::shared_ptr<Job>> All() const;

 private:
  static constexpr size_t kStripes = 64;
  struct JobStripe {
    mutable std::mutex mutex;
    absl::flat_hash_map<JobId, std::shared_ptr<Job>> jobs;
  };
  struct OwnerJobs {
    absl::flat_hash_map<JobId, bool> counted;  ///< Whether the limits count it.
    size_t count = 0;

    void Add(const JobId& id, bool exempt) {
      counted.emplace(id, !exempt);
      count += exempt ? 0 : 1;
    }
  };
  struct OwnerStripe {
    mutable std::mutex mutex;
    absl::flat_hash_map<Sid, OwnerJobs> jobs;
  };

  /// One more for the machine; false when it has as many as it may.
  bool CountOne(size_t limit);

  JobStripe& StripeOf(const JobId& id);
  const JobStripe& StripeOf(const JobId& id) const;
  OwnerStripe& StripeOf(const Sid& owner);
  const OwnerStripe& StripeOf(const Sid& owner) const;

  std::array<JobStripe, kStripes> jobs_;
  std::array<OwnerStripe, kStripes> owners_;
  std::atomic<size_t> counted_{0};  ///< Unfinished jobs that the limits count.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_TABLE_H_
