// Who runs: the rules of the scheduler, as steps that are taken until none is left to take.

#include <algorithm>
#include <tuple>

#include "server/job/schedule/scheduler.h"

namespace bitsd {
namespace {

/// FOREGROUND jobs of one owner may be so many more than those of an owner who waits.
constexpr size_t kEven = 1;

}  // namespace

void Scheduler::Balance(absl::Time now) {
  while (WriteOff(now) || ParkExcess(now) || StartForeground(now) || ShareForeground(now) ||
         StartBackground(now) || EndSlice(now)) {
  }
}

/// What does not stop would block its place for ever. As many as there are places may hang so.
bool Scheduler::WriteOff(absl::Time now) {
  for (const auto& [order, entry] : table_.stopping()) {
    if (now - entry->since < options_.stop_patience) return false;
    const bool full = table_.stopping().size() - table_.stopping_count() >= options_.max_running;
    if (entry->lost || full) continue;
    table_.WriteOff(*entry);
    return true;
  }
  return false;
}

/// A job that got another priority, or moves again after it lent its slot, may be one too many, as
/// those that tried beside it.
bool Scheduler::ParkExcess(absl::Time now) {
  if (table_.foreground() > foreground_places_) return Park(*WorstForeground(), now), true;
  if (table_.moving() > 0 && table_.holders() > options_.background_jobs)
    return Park(*WorstSlotHolder(std::nullopt), now), true;
  return false;
}

/// While nothing moves, every slot that was lent lets one job more try: 1, 2, 4, 8 ... slow servers
/// are found out at once, and the fast one behind them does not wait for each.
size_t Scheduler::SlotLimit() const {
  return options_.background_jobs + (table_.moving() == 0 ? streak_ : 0);
}

size_t Scheduler::ForegroundNeed() const {
  const size_t waiting = table_.queue(JobPriority::kForeground).size();
  return table_.foreground() >= foreground_places_
             ? 0
             : std::min(waiting, foreground_places_ - table_.foreground());
}

bool Scheduler::StartForeground(absl::Time now) {
  const size_t need = ForegroundNeed();
  if (need == 0) return false;
  if (HasRoom()) {
    RunNext(JobPriority::kForeground, now);
    return true;
  }
  // Background jobs have more than the places kept for them: those that wait anyway go first.
  if (table_.stopping_count() >= need) return false;
  Entry* victim = WorstLender(std::nullopt, now);
  if (victim == nullptr) victim = WorstSlotHolder(std::nullopt);
  if (victim == nullptr) return false;
  Park(*victim, now);
  return true;
}

/// Every place of FOREGROUND is taken: owners get even numbers, and jobs take turns.
bool Scheduler::ShareForeground(absl::Time now) {
  const FairQueue& queue = table_.queue(JobPriority::kForeground);
  if (queue.empty() || table_.foreground() < foreground_places_) return false;
  const size_t waits = queue.FrontLoad();
  Entry* worst = WorstForeground();
  if (queue.LoadOf(worst->owner) > waits + kEven) return Park(*worst, now), true;
  for (const auto& [order, entry] : table_.running()) {
    if (!entry->is_foreground() || !SliceIsOver(*entry, now)) continue;
    // Only for somebody else: alone it would get its place back.
    if (!queue.Has(entry->owner) && queue.LoadOf(entry->owner) <= waits) continue;
    Park(*entry, now);
    return true;
  }
  return false;
}

bool Scheduler::StartBackground(absl::Time now) {
  const auto priority = HighestWaiting();
  if (!priority) return false;
  if (table_.holders() >= SlotLimit()) {
    Entry* lower = WorstSlotHolder(priority);
    if (lower == nullptr) return false;
    Park(*lower, now);
    return true;
  }
  if (HasRoom()) {
    RunNext(*priority, now);
    return true;
  }
  // A slot is free and no place. Lenders that fill the machine take turns, one by one.
  if (table_.stopping_count() > ForegroundNeed()) return false;
  const bool slot = table_.holders() < options_.background_jobs;
  Entry* victim = slot ? WorstLender(priority, now) : nullptr;
  if (victim == nullptr) victim = WorstSlotHolder(priority);
  if (victim == nullptr) return false;
  Park(*victim, now);
  return true;
}

bool Scheduler::EndSlice(absl::Time now) {
  if (table_.holders() < SlotLimit()) return false;
  for (const auto& [order, entry] : table_.running()) {
    if (!entry->holds_slot() || table_.queue(entry->priority).empty() ||
        !SliceIsOver(*entry, now)) {
      continue;
    }
    Park(*entry, now);
    return true;
  }
  return false;
}

std::optional<JobPriority> Scheduler::HighestWaiting() const {
  for (JobPriority priority : {JobPriority::kHigh, JobPriority::kNormal, JobPriority::kLow}) {
    if (!table_.queue(priority).empty()) return priority;
  }
  return std::nullopt;
}

/// The newest of the owner who has most.
Scheduler::Entry* Scheduler::WorstForeground() const {
  const FairQueue& queue = table_.queue(JobPriority::kForeground);
  Entry* worst = nullptr;
  for (const auto& [order, entry] : table_.running()) {
    if (!entry->is_foreground()) continue;
    if (worst == nullptr || queue.LoadOf(entry->owner) >= queue.LoadOf(worst->owner)) worst = entry;
  }
  return worst;
}

/// The lowest priority; then what is not known to move; then the newest.
Scheduler::Entry* Scheduler::WorstSlotHolder(std::optional<JobPriority> than) const {
  const auto rank = [](const Entry& entry) {
    return std::tuple(entry.priority, entry.pace == Throughput::kUnknown, entry.order);
  };
  Entry* worst = nullptr;
  for (const auto& [order, entry] : table_.running()) {
    if (!entry->holds_slot() || (than && entry->priority <= *than)) continue;
    if (worst == nullptr || rank(*entry) > rank(*worst)) worst = entry;
  }
  return worst;
}

/// The lowest priority; then whoever ran longest, where one that would lose what it has counts
/// less.
Scheduler::Entry* Scheduler::WorstLender(std::optional<JobPriority> than, absl::Time now) const {
  const auto rank = [now](const Entry& entry) {
    return std::tuple(entry.priority, (now - entry.since) / (1 << entry.patience));
  };
  Entry* worst = nullptr;
  for (const auto& [order, entry] : table_.running()) {
    if (!entry->lends_slot() || (than && entry->priority < *than)) continue;
    if (worst == nullptr || rank(*entry) > rank(*worst)) worst = entry;
  }
  return worst;
}

}  // namespace bitsd
