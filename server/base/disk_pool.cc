#include "server/base/disk_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "server/base/thread_signals.h"

namespace bitsd {

/// Whose strands share a bounded number of threads. Guarded by the pool's mutex.
struct Strand::Owner {
  size_t scheduled = 0;  ///< Strands that are ready or run.
  size_t hanging = 0;
  std::deque<std::shared_ptr<Strand>> waiting;  ///< For one of those to come to an end.
};

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

std::shared_ptr<Strand> DiskPool::NewStrand(const std::string& owner) {
  if (owner.empty()) return std::shared_ptr<Strand>(new Strand(*this, nullptr));
  const std::lock_guard lock(mutex_);
  std::erase_if(owners_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Strand::Owner>& known = owners_[owner];
  std::shared_ptr<Strand::Owner> shared = known.lock();
  if (!shared) known = shared = std::make_shared<Strand::Owner>();
  return std::shared_ptr<Strand>(new Strand(*this, std::move(shared)));
}

void DiskPool::Post(std::shared_ptr<Strand> strand, std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    strand->tasks_.push_back(std::move(task));
    if (strand->scheduled_) return;
    strand->scheduled_ = true;
    ScheduleLocked(std::move(strand));
  }
  changed_.notify_one();
}

size_t DiskPool::ShareLocked(const Strand::Owner& owner) const {
  // A download needs two, one that writes and one that syncs.
  constexpr size_t kFewest = 2;
  return std::max(max_threads_ / 4, kFewest) + std::min(owner.hanging, kMaxHangingPerOwner);
}

void DiskPool::ScheduleLocked(std::shared_ptr<Strand> strand) {
  if (Strand::Owner* owner = strand->owner_.get()) {
    if (owner->scheduled >= ShareLocked(*owner)) return owner->waiting.push_back(std::move(strand));
    ++owner->scheduled;
  }
  ready_.push_back(std::move(strand));
  GrowLocked();
}

// Behind the others of its owner: one busy strand does not starve the rest.
void DiskPool::ReleaseLocked(const Strand& strand) {
  if (Strand::Owner* owner = strand.owner_.get()) {
    --owner->scheduled;
    LetWaitingInLocked(*owner);
  }
}

void DiskPool::LetWaitingInLocked(Strand::Owner& owner) {
  if (owner.waiting.empty() || owner.scheduled >= ShareLocked(owner)) return;
  std::shared_ptr<Strand> next = std::move(owner.waiting.front());
  owner.waiting.pop_front();
  ScheduleLocked(std::move(next));
  changed_.notify_one();
}

void DiskPool::OneHangs(const Strand& strand) {
  const std::lock_guard lock(mutex_);
  Strand::Owner* owner = strand.owner_.get();
  if (owner == nullptr || ++owner->hanging <= kMaxHangingPerOwner) ++hanging_;
  if (owner != nullptr) LetWaitingInLocked(*owner);
  GrowLocked();
}

void DiskPool::OneIsBack(const Strand& strand) {
  const std::lock_guard lock(mutex_);
  Strand::Owner* owner = strand.owner_.get();
  if (owner == nullptr || owner->hanging-- <= kMaxHangingPerOwner) --hanging_;
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
  ReleaseLocked(*strand);
  strand->scheduled_ = !strand->tasks_.empty();
  if (strand->scheduled_) ScheduleLocked(strand);
  if (closing_) changed_.notify_all();
}

}  // namespace bitsd
