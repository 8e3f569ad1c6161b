// What the scheduler is told of each job. Who runs is decided in scheduler_balance.cc.

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

Place Scheduler::PlaceOf(const JobId& job) const {
  const Entry* entry = table_.Find(job);
  return entry == nullptr ? Place::kNone : entry->place;
}

bool Scheduler::IsLent(const JobId& job) const {
  const Entry* entry = table_.Find(job);
  return entry != nullptr && entry->lends_slot();
}

void Scheduler::Enter(const JobId& job, const Sid& owner, JobPriority priority, absl::Time now) {
  table_.Add(job, owner, priority);
  Balance(now);
}

void Scheduler::Leave(const JobId& job, absl::Time now) {
  const Entry* entry = table_.Find(job);
  if (entry == nullptr) return;
  if (entry->holds_slot()) streak_ = 0;
  table_.Remove(job);
  Balance(now);
}

void Scheduler::Stop(const JobId& job, absl::Time now) {
  Entry* entry = table_.Find(job);
  if (entry == nullptr || entry->place != Place::kRunning) return;
  table_.GoLast(*entry);
  table_.Halt(*entry, now);
  Balance(now);
}

void Scheduler::Stopped(const JobId& job, absl::Time now) {
  Entry* entry = table_.Find(job);
  if (entry == nullptr || entry->place != Place::kStopping) return;
  table_.Wait(*entry);
  Balance(now);
}

void Scheduler::SetPriority(const JobId& job, JobPriority priority, absl::Time now) {
  Entry* entry = table_.Find(job);
  if (entry == nullptr || entry->priority == priority) return;
  table_.SetPriority(*entry, priority);
  Balance(now);
}

void Scheduler::Observe(const JobId& job, Throughput pace, bool resumable, absl::Time now) {
  Entry* entry = table_.Find(job);
  if (entry == nullptr || entry->place != Place::kRunning) return;
  entry->resumable = resumable;
  if (pace == Throughput::kUnknown || entry->pace == pace) return;
  table_.SetPace(*entry, pace);
  if (entry->lends_slot()) streak_ = std::min(streak_ + 1, options_.max_running);
  if (entry->holds_slot()) streak_ = 0;
  Balance(now);
}

std::vector<JobId> Scheduler::TakeChanged() { return std::exchange(changed_, {}); }

std::vector<JobId> Scheduler::Observed() const {
  const bool shared = !table_.queue(JobPriority::kForeground).empty();
  std::vector<JobId> jobs;
  for (const auto& [order, entry] : table_.running()) {
    if (shared || !entry->is_foreground()) jobs.push_back(entry->job);
  }
  return jobs;
}

bool Scheduler::Idle() const {
  return table_.stopping().empty() && table_.foreground() == table_.running().size() &&
         waiting() == 0;
}

void Scheduler::Park(Entry& entry, absl::Time now) {
  const bool over = SliceIsOver(entry, now);
  // What is left of a slice is not lost, and its job comes next; a whole one is had. The turn
  // counts from now on, however long the job takes to stop.
  entry.used = over ? absl::ZeroDuration() : entry.used + (now - entry.since);
  over || entry.lends_slot() ? table_.GoLast(entry) : table_.GoFirst(entry);
  entry.patience = entry.resumable ? 0 : std::min(entry.patience + 1, kMostPatience);
  table_.Halt(entry, now);
  changed_.push_back(entry.job);
}

bool Scheduler::SliceIsOver(const Entry& entry, absl::Time now) const {
  return entry.used + (now - entry.since) >= options_.time_slice * (1 << entry.patience);
}

void Scheduler::RunNext(JobPriority priority, absl::Time now) {
  changed_.push_back(table_.RunNext(priority, now).job);
}

}  // namespace bitsd
