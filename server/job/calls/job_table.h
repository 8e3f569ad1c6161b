// Every job, by id and by owner.
//
// 64 stripes each, so that callers of different jobs rarely meet. The owner index holds the jobs
// that are not finished: what ListJobs shows and the limits count. Thread safety: any thread.
// Ownership: the table shares the jobs.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_TABLE_H_
#define BITSD_SERVER_JOB_CALLS_JOB_TABLE_H_

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
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
  static constexpr int kStripeBits = 6;
  static constexpr size_t kStripes = size_t{1} << kStripeBits;
  /// A job has its id itself: the index need not have it once more.
  struct HashOfId {
    using is_transparent = void;
    size_t operator()(const JobId& id) const { return absl::HashOf(id); }
    size_t operator()(const std::shared_ptr<Job>& job) const { return absl::HashOf(job->id()); }
  };
  struct SameId {
    using is_transparent = void;
    bool operator()(const std::shared_ptr<Job>& a, const JobId& b) const { return a->id() == b; }
    bool operator()(const std::shared_ptr<Job>& a, const std::shared_ptr<Job>& b) const {
      return a->id() == b->id();
    }
  };
  struct JobStripe {
    mutable std::mutex mutex;
    absl::flat_hash_set<std::shared_ptr<Job>, HashOfId, SameId> jobs;
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

  /// By the highest bits of the hash: the maps go by the lowest.
  template <typename Key>
  static size_t StripeNumber(const Key& key) {
    static_assert(sizeof(size_t) == 8);
    return absl::HashOf(key) >> (64 - kStripeBits);
  }
  JobStripe& StripeOf(const JobId& id);
  const JobStripe& StripeOf(const JobId& id) const;
  OwnerStripe& StripeOf(const Sid& owner);
  const OwnerStripe& StripeOf(const Sid& owner) const;

  std::array<JobStripe, kStripes> jobs_;
  std::array<OwnerStripe, kStripes> owners_;
  std::atomic<size_t> counted_{0};  ///< Unfinished jobs that the limits count.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_TABLE_H_
