#include "server/broker/worker_crew.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/broker/worker_table.h"

namespace bitsd {
namespace {

using Clock = std::chrono::steady_clock;

/// An operation that takes this long is taken for one that hangs, and others go past it.
constexpr std::chrono::seconds kSlow{1};

/// It has answered in vain, or is gone. Its channel was shut down for reading: nothing blocks here.
bool HasEnded(int channel) {
  Packet answer;
  return PeerGone(channel) || ReceivePacket(channel, &answer) != ReceiveResult::kPeerGone;
}

}  // namespace

WorkerCrew::Lease WorkerCrew::Take(const std::string& folder, Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (HangsLocked(folder) || AllLostLocked()) return nullptr;
    const auto free = std::find_if(workers_.begin(), workers_.end(),
                                   [](const Worker& worker) { return !worker.busy; });
    if (free != workers_.end()) return TakeLocked(*free, folder);
    const Deadline now = Clock::now();
    if (MayGrowLocked(folder, now)) return TakeLocked(workers_.emplace_back(), folder);
    if (now >= deadline) return nullptr;
    changed_.wait_until(lock, NextLookLocked(deadline));
  }
}

WorkerCrew::Lease WorkerCrew::TakeLocked(Worker& worker, const std::string& folder) {
  worker.busy = true;
  worker.folder = folder;
  worker.since = Clock::now();
  return {&worker, EndLease{this}};
}

bool WorkerCrew::HangsLocked(const std::string& folder) {
  std::erase_if(lost_, [](const Lost& lost) { return HasEnded(lost.channel.get()); });
  return !folder.empty() && std::any_of(lost_.begin(), lost_.end(),
                                        [&](const Lost& lost) { return lost.folder == folder; });
}

bool WorkerCrew::AllLostLocked() const {
  return lost_.size() >= WorkerTable::kMaxWorkersPerIdentity;
}

bool WorkerCrew::MayGrowLocked(const std::string& folder, Deadline now) const {
  if (workers_.size() + lost_.size() >= WorkerTable::kMaxWorkersPerIdentity) return false;
  return std::all_of(workers_.begin(), workers_.end(), [&](const Worker& worker) {
    return now - worker.since >= kSlow && (folder.empty() || worker.folder != folder);
  });
}

Deadline WorkerCrew::NextLookLocked(Deadline deadline) const {
  Deadline next = deadline;
  const Deadline now = Clock::now();
  for (const Worker& worker : workers_) {
    if (worker.since + kSlow > now) next = std::min(next, worker.since + kSlow);
  }
  return next;
}

void WorkerCrew::GiveUp(Worker& worker) {
  // What it makes from now on it takes back: its answer reaches nobody.
  ::shutdown(worker.channel.get(), SHUT_RD);
  const std::lock_guard lock(mutex_);
  lost_.push_back({std::move(worker.channel), worker.folder});
}

void WorkerCrew::GiveBack(Worker* worker) {
  UniqueFd surplus;
  {
    const std::lock_guard lock(mutex_);
    worker->busy = false;
    const auto free = std::count_if(workers_.begin(), workers_.end(),
                                    [](const Worker& other) { return !other.busy; });
    if (!worker->channel.valid() || free > 1) {
      surplus = std::move(worker->channel);
      workers_.remove_if([worker](const Worker& other) { return &other == worker; });
    }
  }
  changed_.notify_all();
}

}  // namespace bitsd
