#include "server/job/watch_hub.h"

#include <utility>

namespace bitsd {

WatchQueue::WatchQueue(std::vector<JobId> jobs, std::function<void()> on_ready)
    : only_(jobs.begin(), jobs.end()), on_ready_(std::move(on_ready)) {}

void WatchQueue::Push(const JobId& job) {
  if (!only_.empty() && !only_.contains(job)) return;
  std::lock_guard ready_lock(ready_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (closed_ || !queued_.insert(job).second) return;
    queue_.push_back(job);
    if (queue_.size() > 1) return;
  }
  on_ready_();
}

std::optional<JobId> WatchQueue::Pop() {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  const JobId job = queue_.front();
  queue_.pop_front();
  queued_.erase(job);
  return job;
}

void WatchQueue::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  std::lock_guard ready_lock(ready_mutex_);
}

void WatchHub::Add(const std::shared_ptr<WatchQueue>& queue) {
  std::lock_guard lock(mutex_);
  queues_.insert(queue);
}

void WatchHub::Remove(const std::shared_ptr<WatchQueue>& queue) {
  {
    std::lock_guard lock(mutex_);
    queues_.erase(queue);
  }
  queue->Close();
}

void WatchHub::Push(const JobId& job) {
  std::vector<std::shared_ptr<WatchQueue>> queues;
  {
    std::lock_guard lock(mutex_);
    queues.assign(queues_.begin(), queues_.end());
  }
  for (const auto& queue : queues) queue->Push(job);
}

bool WatchHub::empty() const {
  std::lock_guard lock(mutex_);
  return queues_.empty();
}

}  // namespace bitsd
