#include "server/store/commit_queue.h"

#include <utility>

namespace bitsd {
namespace {

/// How long nothing may come until the others are not waited for any more.
constexpr std::chrono::microseconds kGap{100};
/// How often that is looked at, at most.
constexpr int kLooks = 5;
/// More do not make a sync cheaper.
constexpr size_t kEnough = 64;

}  // namespace

bool CommitQueue::Push(Entry& entry) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    entries_.push_back(std::move(entry));
    // A taker that is about to look by itself need not be woken.
    if (!std::exchange(idle_, false)) return true;
  }
  changed_.notify_one();
  return true;
}

std::vector<CommitQueue::Entry> CommitQueue::Take() {
  std::unique_lock lock(mutex_);
  idle_ = entries_.empty();
  changed_.wait(lock, [this] { return !entries_.empty() || closed_; });
  idle_ = false;
  if (taken_before_ > 1 || entries_.size() > 1) AwaitOthers(lock);
  taken_before_ = entries_.size();
  return std::exchange(entries_, {});
}

void CommitQueue::AwaitOthers(std::unique_lock<std::mutex>& lock) {
  for (int look = 0; look < kLooks && entries_.size() < kEnough; ++look) {
    const size_t before = entries_.size();
    changed_.wait_for(lock, kGap, [this] { return closed_; });
    if (entries_.size() == before) return;
  }
}

void CommitQueue::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace bitsd
