#include "server/job/schedule/run_queue.h"

#include <algorithm>
#include <utility>

namespace bitsd {
namespace {

constexpr absl::Duration kLongestInterval = absl::Milliseconds(250);
constexpr absl::Duration kShortestInterval = absl::Milliseconds(5);

/// Often enough for the shorter of the two times that are measured.
absl::Duration IntervalOf(const SchedulerOptions& options) {
  const absl::Duration shorter = std::min(options.time_slice, options.lend_after);
  return std::clamp(shorter / 4, kShortestInterval, kLongestInterval);
}

}  // namespace

RunQueue::RunQueue(const SchedulerOptions& options, const Clock& clock, Timer& timer)
    : options_(options),
      interval_(IntervalOf(options)),
      clock_(clock),
      timer_(timer),
      scheduler_(options) {}

void RunQueue::Enter(const JobId& job, const Sid& owner, JobPriority priority,
                     std::weak_ptr<Runner> runner, Deferred& deferred) {
  const std::lock_guard lock(mutex_);
  members_.insert_or_assign(job, Member{std::move(runner), ThroughputMeter(options_.lend_after)});
  scheduler_.Enter(job, owner, priority, clock_.Now());
  Settle(deferred);
}

void RunQueue::Leave(const JobId& job, Deferred& deferred) {
  const std::lock_guard lock(mutex_);
  members_.erase(job);
  scheduler_.Leave(job, clock_.Now());
  Settle(deferred);
}

void RunQueue::Stop(const JobId& job, Deferred& deferred) {
  const std::lock_guard lock(mutex_);
  scheduler_.Stop(job, clock_.Now());
  Settle(deferred);
}

void RunQueue::Stopped(const JobId& job, Deferred& deferred) {
  const std::lock_guard lock(mutex_);
  scheduler_.Stopped(job, clock_.Now());
  Settle(deferred);
}

void RunQueue::SetPriority(const JobId& job, JobPriority priority, Deferred& deferred) {
  const std::lock_guard lock(mutex_);
  scheduler_.SetPriority(job, priority, clock_.Now());
  Settle(deferred);
}

Place RunQueue::PlaceOf(const JobId& job) const {
  const std::lock_guard lock(mutex_);
  return scheduler_.PlaceOf(job);
}

void RunQueue::Settle(Deferred& deferred) {
  for (const JobId& job : scheduler_.TakeChanged()) {
    const auto member = members_.find(job);
    if (member == members_.end()) continue;
    member->second.pace = ThroughputMeter(options_.lend_after);
    deferred.push_back([runner = member->second.runner] {
      if (const auto told = runner.lock()) told->OnPlaceChanged();
    });
  }
  if (scheduler_.Idle() || std::exchange(ticking_, true)) return;
  deferred.push_back([this] { timer_.After(interval_, [this] { Tick(); }); });
}

void RunQueue::Tick() {
  std::vector<std::pair<JobId, std::shared_ptr<Runner>>> observed;
  {
    const std::lock_guard lock(mutex_);
    ticking_ = false;
    for (const JobId& job : scheduler_.Observed()) {
      if (auto runner = members_.at(job).runner.lock()) observed.emplace_back(job, runner);
    }
  }
  Deferred deferred;
  for (const auto& [job, runner] : observed) Observe(job, runner->TakeSample(), deferred);
  {
    const std::lock_guard lock(mutex_);
    scheduler_.Tick(clock_.Now());
    Settle(deferred);
  }
  for (auto& action : deferred) action();
}

void RunQueue::Observe(const JobId& job, const ProgressSample& sample, Deferred& deferred) {
  const std::lock_guard lock(mutex_);
  const auto member = members_.find(job);
  if (member == members_.end()) return;
  const absl::Time now = clock_.Now();
  scheduler_.Observe(job, member->second.pace.Look(sample, now), sample.resumable, now);
  Settle(deferred);
}

}  // namespace bitsd
