#include "server/ops/timer.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace bitsd {
namespace {

/// The wall clock may jump: look again at least this often.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

}  // namespace

Timer::Timer() : thread_([this] { Run(); }) {}

Timer::~Timer() { Stop(); }

uint64_t Timer::At(absl::Time when, std::function<void()> fn) {
  std::lock_guard lock(mutex_);
  const uint64_t id = next_id_++;
  const auto it = due_.emplace(Key{when, id}, std::move(fn)).first;
  if (it == due_.begin()) changed_.notify_one();
  return id;
}

void Timer::Cancel(uint64_t id, absl::Time when) {
  std::function<void()> dropped;  // Destroyed after the lock: it may own what takes locks.
  std::lock_guard lock(mutex_);
  const auto it = due_.find(Key{when, id});
  if (it == due_.end()) return;
  dropped = std::move(it->second);
  due_.erase(it);
}

void Timer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Timer::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (due_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const absl::Time now = absl::Now();
    const auto first = due_.begin();
    if (first->first.first > now) {
      const absl::Duration wait = std::min(first->first.first - now, kLongestWait);
      changed_.wait_for(lock, absl::ToChronoNanoseconds(wait));
      continue;
    }
    std::function<void()> fn = std::move(first->second);
    due_.erase(first);
    lock.unlock();
    fn();
    fn = nullptr;
    lock.lock();
  }
}

}  // namespace bitsd
