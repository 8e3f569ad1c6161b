#include "server/transfer/files/disk_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "server/transfer/thread_signals.h"

namespace bitsd {

void Strand::Post(std::function<void()> task) { pool_.Post(shared_from_this(), std::move(task)); }

DiskPool::DiskPool(size_t max_threads) : max_threads_(std::max<size_t>(max_threads, 1)) {
  // The first thread is made here: later ones may fail to start, and work must still go on.
  threads_.emplace_back([this] { Work(); });
}

DiskPool::~DiskPool() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

std::shared_ptr<Strand> DiskPool::NewStrand() { return std::shared_ptr<Strand>(new Strand(*this)); }

void DiskPool::Post(std::shared_ptr<Strand> strand, std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    strand->tasks_.push_back(std::move(task));
    if (strand->scheduled_) return;
    strand->scheduled_ = true;
    ready_.push_back(std::move(strand));
    GrowLocked();
  }
  changed_.notify_one();
}

void DiskPool::OneHangs() {
  std::lock_guard lock(mutex_);
  ++hanging_;
  GrowLocked();
}

void DiskPool::OneIsBack() {
  std::lock_guard lock(mutex_);
  --hanging_;
}

void DiskPool::GrowLocked() {
  const size_t limit = max_threads_ + std::min(hanging_, kMaxHanging);
  if (closing_ || ready_.size() <= idle_ || threads_.size() >= limit) return;
  try {
    threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // No more threads just now: those there are will get to it.
    return;
  }
}

void DiskPool::Work() {
  BlockSignalsInThread();
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return !ready_.empty() || (closing_ && running_ == 0); });
    --idle_;
    if (ready_.empty()) return;
    std::shared_ptr<Strand> strand = std::move(ready_.front());
    ready_.pop_front();
    RunBatch(strand, lock);
  }
}

void DiskPool::RunBatch(const std::shared_ptr<Strand>& strand, std::unique_lock<std::mutex>& lock) {
  std::deque<std::function<void()>> batch;
  batch.swap(strand->tasks_);
  ++running_;
  lock.unlock();
  for (; !batch.empty(); batch.pop_front()) batch.front()();
  lock.lock();
  --running_;
  // Behind the others: one busy strand does not starve the rest.
  strand->scheduled_ = !strand->tasks_.empty();
  if (strand->scheduled_) ready_.push_back(strand);
  if (closing_) changed_.notify_all();
}

}  // namespace bitsd
