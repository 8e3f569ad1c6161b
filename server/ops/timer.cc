#include "server/ops/timer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace bitsd {
namespace {

/// The wall clock may jump: look again at least this often.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

const Clock& TheSystemClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

Timer::Timer(const Clock& wall) : wall_(wall), thread_([this] { Run(); }) {}
Timer::Timer() : Timer(TheSystemClock()) {}

Timer::~Timer() { Stop(); }

uint64_t Timer::At(absl::Time when, std::function<void()> fn) {
  std::lock_guard lock(mutex_);
  const uint64_t id = next_id_++;
  const auto it = at_.emplace(Key{when, id}, std::move(fn)).first;
  if (it == at_.begin()) changed_.notify_one();
  return id;
}

void Timer::After(absl::Duration delay, std::function<void()> fn) {
  std::lock_guard lock(mutex_);
  const auto it = after_.emplace(Key{steady_.Now() + delay, next_id_++}, std::move(fn)).first;
  if (it == after_.begin()) changed_.notify_one();
}

void Timer::Cancel(uint64_t id, absl::Time when) {
  std::function<void()> dropped;  // Destroyed after the lock: it may own what takes locks.
  std::lock_guard lock(mutex_);
  const auto it = at_.find(Key{when, id});
  if (it == at_.end()) return;
  dropped = std::move(it->second);
  at_.erase(it);
}

void Timer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::function<void()> Timer::TakeFirst(Due& due, absl::Time now) {
  if (due.empty() || due.begin()->first.first > now) return nullptr;
  return std::move(due.extract(due.begin()).mapped());
}

absl::Duration Timer::Idle() const {
  absl::Duration idle = absl::InfiniteDuration();
  if (!at_.empty()) idle = std::min(at_.begin()->first.first - wall_.Now(), kLongestWait);
  if (!after_.empty()) idle = std::min(idle, after_.begin()->first.first - steady_.Now());
  return idle;
}

void Timer::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::function<void()> fn = TakeFirst(after_, steady_.Now());
    if (fn == nullptr) fn = TakeFirst(at_, wall_.Now());
    if (fn == nullptr) {
      const absl::Duration idle = Idle();
      if (idle == absl::InfiniteDuration()) {
        changed_.wait(lock);
      } else {
        changed_.wait_for(lock, absl::ToChronoNanoseconds(idle));
      }
      continue;
    }
    lock.unlock();
    fn();
    fn = nullptr;
    lock.lock();
  }
}

}  // namespace bitsd
