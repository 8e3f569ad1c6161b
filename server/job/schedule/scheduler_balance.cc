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
  for (const auto& [order, entry] : stopping_) {
    if (now - entry->since < options_.stop_patience) return false;
    const bool full = stopping_.size() - stopping_count_ >= options_.max_running;
    if (entry->lost || full) continue;
    entry->lost = true;
    --stopping_count_;
    return true;
  }
  return false;
}

/// A job that got another priority, or moves again after it lent its slot, may be one too many, as
/// those that tried beside it.
bool Scheduler::ParkExcess(absl::Time now) {
  if (foreground_ > foreground_places_) return Park(*WorstForeground(), now), true;
  if (moving_ > 0 && holders_ > options_.background_jobs)
    return Park(*WorstSlotHolder(std::nullopt), now), true;
  return false;
}

/// While nothing moves, every slot that was lent lets one job more try: 1, 2, 4, 8 ... slow servers
/// are found out at once, and the fast one behind them does not wait for each.
size_t Scheduler::SlotLimit() const {
  return options_.background_jobs + (moving_ == 0 ? streak_ : 0);
}

size_t Scheduler::ForegroundNeed() const {
  const size_t waiting = QueueOf(JobPriority::kForeground).size();
  return foreground_ >= foreground_places_ ? 0
                                           : std::min(waiting, foreground_places_ - foreground_);
}

bool Scheduler::StartForeground(absl::Time now) {
  const size_t need = ForegroundNeed();
  if (need == 0) return false;
  if (HasRoom()) {
    Run(*Find(QueueOf(JobPriority::kForeground).Pop()), now);
    return true;
  }
  // Background jobs have more than the places kept for them: those that wait anyway go first.
  if (stopping_count_ >= need) return false;
  Entry* victim = WorstLender(std::nullopt, now);
  if (victim == nullptr) victim = WorstSlotHolder(std::nullopt);
  if (victim == nullptr) return false;
  Park(*victim, now);
  return true;
}

/// Every place of FOREGROUND is taken: owners get even numbers, and jobs take turns.
bool Scheduler::ShareForeground(absl::Time now) {
  const FairQueue& queue = QueueOf(JobPriority::kForeground);
  if (queue.empty() || foreground_ < foreground_places_) return false;
  const size_t waits = queue.FrontLoad();
  Entry* worst = WorstForeground();
  if (queue.LoadOf(worst->owner) > waits + kEven) return Park(*worst, now), true;
  for (const auto& [order, entry] : running_) {
    if (!IsForeground(*entry) || !SliceIsOver(*entry, now)) continue;
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
  if (holders_ >= SlotLimit()) {
    Entry* lower = WorstSlotHolder(priority);
    if (lower == nullptr) return false;
    Park(*lower, now);
    return true;
  }
  if (HasRoom()) {
    Run(*Find(QueueOf(*priority).Pop()), now);
    return true;
  }
  // A slot is free and no place. Lenders that fill the machine take turns, one by one.
  if (stopping_count_ > ForegroundNeed()) return false;
  const bool slot = holders_ < options_.background_jobs;
  Entry* victim = slot ? WorstLender(priority, now) : nullptr;
  if (victim == nullptr) victim = WorstSlotHolder(priority);
  if (victim == nullptr) return false;
  Park(*victim, now);
  return true;
}

bool Scheduler::EndSlice(absl::Time now) {
  if (holders_ < SlotLimit()) return false;
  for (const auto& [order, entry] : running_) {
    if (!HoldsSlot(*entry) || QueueOf(entry->priority).empty() || !SliceIsOver(*entry, now)) {
      continue;
    }
    Park(*entry, now);
    return true;
  }
  return false;
}

std::optional<JobPriority> Scheduler::HighestWaiting() const {
  for (JobPriority priority : {JobPriority::kHigh, JobPriority::kNormal, JobPriority::kLow}) {
    if (!QueueOf(priority).empty()) return priority;
  }
  return std::nullopt;
}

/// The newest of the owner who has most.
Scheduler::Entry* Scheduler::WorstForeground() const {
  const FairQueue& queue = QueueOf(JobPriority::kForeground);
  Entry* worst = nullptr;
  for (const auto& [order, entry] : running_) {
    if (!IsForeground(*entry)) continue;
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
  for (const auto& [order, entry] : running_) {
    if (!HoldsSlot(*entry) || (than && entry->priority <= *than)) continue;
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
  for (const auto& [order, entry] : running_) {
    if (!LendsSlot(*entry) || (than && entry->priority < *than)) continue;
    if (worst == nullptr || rank(*entry) > rank(*worst)) worst = entry;
  }
  return worst;
}

}  // namespace bitsd
