// Who watches jobs, and what each watcher has still to be told.
//
// A watcher keeps the ids of the jobs that changed, not their states: one that reads slowly is told
// the newest state of each job once, and its memory is bounded by the number of jobs. Changes are
// counted, and every job keeps the count of its last one (ChangeMark): a watcher that comes back
// with the count up to which it was told is told the jobs with a higher one. The count begins anew
// with the process. Thread safety: any thread; `on_ready` runs without a lock held and must not
// block. Ownership: the hub knows its watchers until they are destroyed.

#ifndef BITSD_SERVER_JOB_WATCH_HUB_H_
#define BITSD_SERVER_JOB_WATCH_HUB_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/model/job_id.h"

namespace bitsd {

/// The number of the last change of a job that watchers were told of; 0: none.
using ChangeMark = std::atomic<uint64_t>;

/// What one watcher has still to be told.
class WatchQueue {
 public:
  struct Change {
    JobId job;
    uint64_t number = 0;  ///< All changes up to this one were taken before, or are this job's.
  };

  /// `jobs`: only these, unless empty.
  WatchQueue(std::vector<JobId> jobs, std::function<void()> on_ready);

  /// Notes a change; true when Notify is to be called.
  bool Push(const JobId& job, uint64_t number);
  /// Runs `on_ready`, unless the queue is closed.
  void Notify();
  std::optional<Change> Pop();
  /// The watcher asked for this job by its id.
  bool names(const JobId& job) const { return only_.contains(job); }
  /// Nothing is pushed and `on_ready` does not run any more once this has returned.
  void Close();

 private:
  const absl::flat_hash_set<JobId> only_;
  std::mutex mutex_;
  std::mutex ready_mutex_;  ///< Held while on_ready runs, so that Close waits for it.
  std::function<void()> on_ready_;
  bool closed_ = false;
  std::deque<Change> queue_;
  absl::flat_hash_set<JobId> queued_;
};

class WatchHub {
 public:
  /// Returns the number of the last change before: all later ones come to `queue`.
  uint64_t Add(const std::shared_ptr<WatchQueue>& queue);
  void Remove(const std::shared_ptr<WatchQueue>& queue);
  /// A job changed; `mark` is its own.
  void Push(const JobId& job, ChangeMark& mark);
  /// A job with this mark is gone for good.
  void Forget(const ChangeMark& mark);
  /// What changed after `number` can be told from the marks of the jobs that are there: whatever is
  /// gone had changed for the last time before.
  bool Remembers(uint64_t number) const;
  bool empty() const;

 private:
  mutable std::mutex mutex_;
  uint64_t number_ = 0;     ///< Of the last change.
  uint64_t forgotten_ = 0;  ///< The highest mark of a job that is gone.
  absl::flat_hash_set<std::shared_ptr<WatchQueue>> queues_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_WATCH_HUB_H_
