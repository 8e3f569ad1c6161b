#include "server/job/watch_hub.h"

#include <algorithm>
#include <utility>

namespace bitsd {

WatchQueue::WatchQueue(std::vector<JobId> jobs, std::function<void()> on_ready)
    : only_(jobs.begin(), jobs.end()), on_ready_(std::move(on_ready)) {}

bool WatchQueue::Push(const JobId& job, uint64_t number) {
  if (!only_.empty() && !only_.contains(job)) return false;
  std::lock_guard lock(mutex_);
  if (closed_ || !queued_.insert(job).second) return false;
  queue_.push_back({job, number});
  return queue_.size() == 1;
}

void WatchQueue::Notify() {
  std::lock_guard ready_lock(ready_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
  }
  on_ready_();
}

std::optional<WatchQueue::Change> WatchQueue::Pop() {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  const Change change = queue_.front();
  queue_.pop_front();
  queued_.erase(change.job);
  return change;
}

void WatchQueue::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  std::lock_guard ready_lock(ready_mutex_);
}

uint64_t WatchHub::Add(const std::shared_ptr<WatchQueue>& queue) {
  std::lock_guard lock(mutex_);
  queues_.insert(queue);
  return number_;
}

void WatchHub::Remove(const std::shared_ptr<WatchQueue>& queue) {
  {
    std::lock_guard lock(mutex_);
    queues_.erase(queue);
  }
  queue->Close();
}

void WatchHub::Push(const JobId& job, ChangeMark& mark) {
  std::vector<std::shared_ptr<WatchQueue>> ready;
  {
    // Every queue gets changes in the order of their numbers.
    std::lock_guard lock(mutex_);
    mark = ++number_;
    for (const auto& queue : queues_) {
      if (queue->Push(job, number_)) ready.push_back(queue);
    }
  }
  for (const auto& queue : ready) queue->Notify();
}

void WatchHub::Forget(const ChangeMark& mark) {
  std::lock_guard lock(mutex_);
  forgotten_ = std::max(forgotten_, mark.load());
}

bool WatchHub::Remembers(uint64_t number) const {
  std::lock_guard lock(mutex_);
  return number >= forgotten_;
}

bool WatchHub::empty() const {
  std::lock_guard lock(mutex_);
  return queues_.empty();
}

}  // namespace bitsd
