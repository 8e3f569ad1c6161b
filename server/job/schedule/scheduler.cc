// What the scheduler knows of each job, and how that changes. Who runs is decided in
// scheduler_balance.cc.

#include "server/job/schedule/scheduler.h"

#include <algorithm>
#include <utility>

namespace bitsd {
namespace {

/// FOREGROUND never takes the places of the slots; one of two is all that two places can spare.
size_t ForegroundPlaces(const SchedulerOptions& options) {
  return options.max_running - std::min(options.background_jobs, options.max_running / 2);
}

SchedulerOptions Sane(SchedulerOptions options) {
  options.max_running = std::max<size_t>(options.max_running, 1);
  options.background_jobs = std::max<size_t>(options.background_jobs, 1);
  options.time_slice = std::max(options.time_slice, absl::Milliseconds(1));
  return options;
}

/// A job that loses what it has when it is parked gets up to 2^4 slices in one: then a file of that
/// length ends, and no job can take more.
constexpr int kMostPatience = 4;

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options)
    : options_(Sane(options)), foreground_places_(ForegroundPlaces(options_)) {}

Scheduler::Entry* Scheduler::Find(const JobId& job) const {
  const auto it = jobs_.find(job);
  return it == jobs_.end() ? nullptr : it->second.get();
}

Place Scheduler::PlaceOf(const JobId& job) const {
  const Entry* entry = Find(job);
  return entry == nullptr ? Place::kNone : entry->place;
}

bool Scheduler::IsLent(const JobId& job) const {
  const Entry* entry = Find(job);
  return entry != nullptr && LendsSlot(*entry);
}

void Scheduler::Enter(const JobId& job, const Sid& owner, JobPriority priority, absl::Time now) {
  auto entry = std::make_unique<Entry>();
  entry->job = job;
  entry->owner = owner;
  entry->priority = priority;
  entry->position = ++last_;
  Wait(*entry);
  jobs_.emplace(job, std::move(entry));
  Balance(now);
}

void Scheduler::Leave(const JobId& job, absl::Time now) {
  const auto it = jobs_.find(job);
  if (it == jobs_.end()) return;
  if (HoldsSlot(*it->second)) streak_ = 0;
  TakeOut(*it->second);
  jobs_.erase(it);
  Balance(now);
}

void Scheduler::Stop(const JobId& job, absl::Time now) {
  Entry* entry = Find(job);
  if (entry == nullptr || entry->place != Place::kRunning) return;
  entry->position = ++last_;
  Halt(*entry, now);
  Balance(now);
}

void Scheduler::Stopped(const JobId& job, absl::Time now) {
  Entry* entry = Find(job);
  if (entry == nullptr || entry->place != Place::kStopping) return;
  TakeOut(*entry);
  Wait(*entry);
  Balance(now);
}

void Scheduler::SetPriority(const JobId& job, JobPriority priority, absl::Time now) {
  Entry* entry = Find(job);
  if (entry == nullptr || entry->priority == priority) return;
  const bool waiting = entry->place == Place::kWaiting;
  const bool running = entry->place == Place::kRunning;
  const bool foreground = IsForeground(*entry);
  if (waiting) TakeOut(*entry);
  if (running) Count(*entry, false);
  entry->priority = priority;
  // FOREGROUND is not observed: it counts as moving until something else is seen.
  if (foreground) entry->pace = Throughput::kMoving;
  if (running) Count(*entry, true);
  if (waiting) Wait(*entry);
  Balance(now);
}

void Scheduler::Observe(const JobId& job, Throughput pace, bool resumable, absl::Time now) {
  Entry* entry = Find(job);
  if (entry == nullptr || entry->place != Place::kRunning) return;
  entry->resumable = resumable;
  if (pace == Throughput::kUnknown || entry->pace == pace) return;
  Count(*entry, false);
  entry->pace = pace;
  Count(*entry, true);
  if (LendsSlot(*entry)) streak_ = std::min(streak_ + 1, options_.max_running);
  if (HoldsSlot(*entry)) streak_ = 0;
  Balance(now);
}

std::vector<JobId> Scheduler::TakeChanged() { return std::exchange(changed_, {}); }

std::vector<JobId> Scheduler::Observed() const {
  const bool shared = !QueueOf(JobPriority::kForeground).empty();
  std::vector<JobId> jobs;
  for (const auto& [order, entry] : running_) {
    if (shared || !IsForeground(*entry)) jobs.push_back(entry->job);
  }
  return jobs;
}

bool Scheduler::Idle() const {
  return stopping_.empty() && foreground_ == running_.size() && waiting() == 0;
}

size_t Scheduler::waiting() const {
  size_t count = 0;
  for (const FairQueue& queue : queues_) count += queue.size();
  return count;
}

void Scheduler::Count(const Entry& entry, bool in) {
  const auto add = [in](size_t& count) { in ? ++count : --count; };
  if (IsForeground(entry)) {
    add(foreground_);
    FairQueue& queue = QueueOf(JobPriority::kForeground);
    const size_t load = queue.LoadOf(entry.owner);
    queue.SetLoad(entry.owner, in ? load + 1 : load - 1);
    return;
  }
  if (entry.pace != Throughput::kWaiting) add(holders_);
  if (entry.pace == Throughput::kMoving) add(moving_);
}

void Scheduler::Wait(Entry& entry) {
  entry.place = Place::kWaiting;
  QueueOf(entry.priority).Push(entry.owner, entry.job, entry.position);
}

void Scheduler::TakeOut(const Entry& entry) {
  switch (entry.place) {
    case Place::kNone: return;
    case Place::kWaiting: QueueOf(entry.priority).Remove(entry.owner, entry.position); return;
    case Place::kRunning:
      Count(entry, false);
      running_.erase(entry.order);
      return;
    case Place::kStopping:
      if (!entry.lost) --stopping_count_;
      stopping_.erase(entry.order);
      return;
  }
}

/// The job was taken out of its queue.
void Scheduler::Run(Entry& entry, absl::Time now) {
  entry.place = Place::kRunning;
  entry.order = next_order_++;
  entry.since = now;
  entry.pace = Throughput::kUnknown;
  running_.emplace(entry.order, &entry);
  Count(entry, true);
  changed_.push_back(entry.job);
}

void Scheduler::Halt(Entry& entry, absl::Time now) {
  TakeOut(entry);
  entry.place = Place::kStopping;
  entry.order = next_order_++;
  entry.since = now;
  entry.lost = false;
  stopping_.emplace(entry.order, &entry);
  ++stopping_count_;
}

void Scheduler::Park(Entry& entry, absl::Time now) {
  const bool over = SliceIsOver(entry, now);
  // What is left of a slice is not lost, and its job comes next; a whole one is had. The turn
  // counts from now on, however long the job takes to stop.
  entry.used = over ? absl::ZeroDuration() : entry.used + (now - entry.since);
  entry.position = over || LendsSlot(entry) ? ++last_ : --first_;
  entry.patience = entry.resumable ? 0 : std::min(entry.patience + 1, kMostPatience);
  Halt(entry, now);
  changed_.push_back(entry.job);
}

bool Scheduler::SliceIsOver(const Entry& entry, absl::Time now) const {
  return entry.used + (now - entry.since) >= options_.time_slice * (1 << entry.patience);
}

}  // namespace bitsd
