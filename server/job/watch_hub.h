// Who watches jobs, and what each watcher has still to be told.
//
// A watcher keeps the ids of the jobs that changed, not their states: one that reads slowly is told
// the newest state of each job once, and its memory is bounded by the number of jobs. Thread
// safety: any thread; `on_ready` runs without a lock held and must not block. Ownership: the hub
// knows its watchers until they are destroyed.

#ifndef BITSD_SERVER_JOB_WATCH_HUB_H_
#define BITSD_SERVER_JOB_WATCH_HUB_H_

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/job/job_id.h"
#include "server/job/job_service.h"

namespace bitsd {

/// What one watcher has still to be told.
class WatchQueue {
 public:
  /// `jobs`: only these, unless empty.
  WatchQueue(std::vector<JobId> jobs, std::function<void()> on_ready);

  void Push(const JobId& job);
  std::optional<JobId> Pop();
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
  std::deque<JobId> queue_;
  absl::flat_hash_set<JobId> queued_;
};

class WatchHub {
 public:
  void Add(const std::shared_ptr<WatchQueue>& queue);
  void Remove(const std::shared_ptr<WatchQueue>& queue);
  void Push(const JobId& job);
  bool empty() const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_set<std::shared_ptr<WatchQueue>> queues_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_WATCH_HUB_H_
