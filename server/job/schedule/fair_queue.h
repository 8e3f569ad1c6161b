// Jobs of one priority that wait for a place: first come first served for each owner, and in turn
// between owners, so that nobody waits longer because somebody else has many jobs.
//
// Owners with the smaller load go first; those with the same load in turn. Every operation costs
// O(log n). Thread safety: none, the scheduler's. Ownership: owns copies of ids.

#ifndef BITSD_SERVER_JOB_SCHEDULE_FAIR_QUEUE_H_
#define BITSD_SERVER_JOB_SCHEDULE_FAIR_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "server/identity/sid.h"
#include "server/model/job_id.h"

namespace bitsd {

class FairQueue {
 public:
  /// Where a job stands among those of its owner, the lowest first. No two jobs have the same.
  using Position = int64_t;

  void Push(const Sid& owner, const JobId& job, Position position);
  void Remove(const Sid& owner, Position position);
  /// Takes the job whose turn it is. Not when empty.
  JobId Pop();

  /// What `owner` has already; 0 unless told.
  void SetLoad(const Sid& owner, size_t load);
  size_t LoadOf(const Sid& owner) const;
  /// The load of the owner whose turn it is. Not when empty.
  size_t FrontLoad() const { return std::get<0>(*order_.begin()); }

  bool Has(const Sid& owner) const;
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  struct Owner {
    std::map<Position, JobId> jobs;
    size_t load = 0;
    uint64_t ticket = 0;
  };
  using Owners = absl::flat_hash_map<Sid, Owner>;

  void Enlist(const Sid& sid, Owner& owner);
  void Strike(const Sid& sid, const Owner& owner);
  void Drop(Owners::iterator owner);

  Owners owners_;
  /// Owners with waiting jobs, the next one first.
  std::set<std::tuple<size_t, uint64_t, Sid>> order_;
  size_t size_ = 0;
  uint64_t next_ticket_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SCHEDULE_FAIR_QUEUE_H_
