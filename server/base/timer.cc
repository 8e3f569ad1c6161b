#include "server/base/timer.h"

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

Timer::Task Timer::Add(std::optional<absl::Time> when, std::optional<absl::Duration> delay,
                       std::function<void()> fn) {
  std::lock_guard lock(mutex_);
  const auto work = std::make_shared<Work>(Work{{next_id_++, when, std::nullopt}, std::move(fn)});
  Task& task = work->task;
  if (delay) task.after = steady_.Now() + *delay;
  if (task.at) at_.emplace(Key{*task.at, task.id}, work);
  if (task.after) after_.emplace(Key{*task.after, task.id}, work);
  if (IsFirst(at_, *work) || IsFirst(after_, *work)) changed_.notify_one();
  return task;
}

bool Timer::IsFirst(const Due& due, const Work& work) {
  return !due.empty() && due.begin()->second.get() == &work;
}

std::shared_ptr<Timer::Work> Timer::Take(const Task& task) {
  auto taken = task.at ? at_.extract(Key{*task.at, task.id}) : Due::node_type();
  if (task.after) {
    auto other = after_.extract(Key{*task.after, task.id});
    if (taken.empty()) taken = std::move(other);
  }
  return taken.empty() ? nullptr : std::move(taken.mapped());
}

void Timer::Cancel(const Task& task) {
  std::shared_ptr<Work> dropped;  // Destroyed after the lock: it may own what takes locks.
  std::lock_guard lock(mutex_);
  dropped = Take(task);
}

void Timer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<Timer::Work> Timer::First(const Due& due, absl::Time now) {
  const bool is_due = !due.empty() && due.begin()->first.first <= now;
  return is_due ? due.begin()->second : nullptr;
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
    std::shared_ptr<Work> work = First(after_, steady_.Now());
    if (work == nullptr) work = First(at_, wall_.Now());
    if (work == nullptr) {
      const absl::Duration idle = Idle();
      if (idle == absl::InfiniteDuration()) {
        changed_.wait(lock);
      } else {
        changed_.wait_for(lock, absl::ToChronoNanoseconds(idle));
      }
      continue;
    }
    Take(work->task);
    lock.unlock();
    work->fn();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace bitsd
