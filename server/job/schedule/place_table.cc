#include "server/job/schedule/place_table.h"

#include <utility>

namespace bitsd {

PlaceTable::Entry* PlaceTable::Find(const JobId& job) const {
  const auto it = jobs_.find(job);
  return it == jobs_.end() ? nullptr : it->second.get();
}

void PlaceTable::Add(const JobId& job, const Sid& owner, JobPriority priority) {
  auto entry = std::make_unique<Entry>();
  entry->job = job;
  entry->owner = owner;
  entry->priority = priority;
  GoLast(*entry);
  Wait(*entry);
  jobs_.emplace(job, std::move(entry));
}

void PlaceTable::Remove(const JobId& job) {
  const auto it = jobs_.find(job);
  TakeOut(*it->second);
  jobs_.erase(it);
}

void PlaceTable::Wait(Entry& entry) {
  TakeOut(entry);
  entry.place = Place::kWaiting;
  QueueOf(entry).Push(entry.owner, entry.job, entry.position);
}

const PlaceTable::Entry& PlaceTable::RunNext(JobPriority priority, absl::Time now) {
  Entry& entry = *Find(queues_[static_cast<size_t>(priority)].Pop());
  entry.place = Place::kRunning;
  entry.order = next_order_++;
  entry.since = now;
  entry.pace = Throughput::kUnknown;
  running_.emplace(entry.order, &entry);
  Count(entry, true);
  return entry;
}

void PlaceTable::Halt(Entry& entry, absl::Time now) {
  TakeOut(entry);
  entry.place = Place::kStopping;
  entry.order = next_order_++;
  entry.since = now;
  entry.lost = false;
  stopping_.emplace(entry.order, &entry);
  ++stopping_count_;
}

void PlaceTable::WriteOff(Entry& entry) {
  entry.lost = true;
  --stopping_count_;
}

void PlaceTable::SetPriority(Entry& entry, JobPriority priority) {
  const bool waiting = entry.place == Place::kWaiting;
  const bool running = entry.place == Place::kRunning;
  const bool foreground = entry.is_foreground();
  if (waiting) TakeOut(entry);
  if (running) Count(entry, false);
  entry.priority = priority;
  // FOREGROUND is not observed: it counts as moving until something else is seen.
  if (foreground) entry.pace = Throughput::kMoving;
  if (running) Count(entry, true);
  if (waiting) Wait(entry);
}

void PlaceTable::SetPace(Entry& entry, Throughput pace) {
  Count(entry, false);
  entry.pace = pace;
  Count(entry, true);
}

size_t PlaceTable::waiting() const {
  size_t count = 0;
  for (const FairQueue& queue : queues_) count += queue.size();
  return count;
}

void PlaceTable::Count(const Entry& entry, bool in) {
  const auto add = [in](size_t& count) { in ? ++count : --count; };
  if (entry.is_foreground()) {
    add(foreground_);
    FairQueue& queue = QueueOf(entry);
    const size_t load = queue.LoadOf(entry.owner);
    queue.SetLoad(entry.owner, in ? load + 1 : load - 1);
    return;
  }
  if (entry.pace != Throughput::kWaiting) add(holders_);
  if (entry.pace == Throughput::kMoving) add(moving_);
}

void PlaceTable::TakeOut(Entry& entry) {
  switch (std::exchange(entry.place, Place::kNone)) {
    case Place::kNone: return;
    case Place::kWaiting: QueueOf(entry).Remove(entry.owner, entry.position); return;
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

}  // namespace bitsd
