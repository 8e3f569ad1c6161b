#include "server/job/calls/finished_jobs.h"

#include <iterator>

namespace bitsd {

bool FinishedJobs::IsOver(const Owner& owner, const policy::KeptLimits& limits, size_t times) {
  return owner.entries.size() > times * limits.count || owner.bytes > times * limits.bytes;
}

FinishedJobs::Entry* FinishedJobs::Find(Owner& owner, const JobId& id) {
  const auto it = owner.by_id.find(id);
  return it == owner.by_id.end() ? nullptr : &*it->second;
}

FinishedJobs::Entries::iterator FinishedJobs::Remove(Owner& owner, Entries::iterator entry) {
  owner.bytes -= entry->bytes;
  owner.by_id.erase(entry->id);
  return owner.entries.erase(entry);
}

std::vector<JobId> FinishedJobs::Add(const Sid& owner, const JobId& id, size_t bytes,
                                     const policy::KeptLimits& limits,
                                     const std::function<bool()>& leaves) {
  std::vector<JobId> purged;
  std::lock_guard lock(mutex_);
  if (!leaves()) return purged;
  Owner& mine = owners_[owner];
  mine.entries.push_back({id, bytes, 0, false});
  mine.bytes += bytes;
  const auto added = std::prev(mine.entries.end());
  mine.by_id[id] = added;
  for (auto it = mine.entries.begin(); it != added && IsOver(mine, limits, 1);) {
    if (it->cleanups > 0 && !IsOver(mine, limits, 2)) {
      ++it;
      continue;
    }
    purged.push_back(it->id);
    it = Remove(mine, it);
  }
  return purged;
}

bool FinishedJobs::Settle(const Sid& sid, Owner& owner, const JobId& id) {
  const auto it = owner.by_id.find(id);
  if (!it->second->expired || it->second->cleanups > 0) return false;
  Remove(owner, it->second);
  if (owner.entries.empty()) owners_.erase(sid);
  return true;
}

bool FinishedJobs::Expire(const Sid& owner, const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto mine = owners_.find(owner);
  Entry* entry = mine == owners_.end() ? nullptr : Find(mine->second, id);
  if (entry == nullptr) return false;
  entry->expired = true;
  return Settle(owner, mine->second, id);
}

void FinishedJobs::BeginCleanup(const Sid& owner, const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto mine = owners_.find(owner);
  Entry* entry = mine == owners_.end() ? nullptr : Find(mine->second, id);
  if (entry != nullptr) ++entry->cleanups;
}

bool FinishedJobs::EndCleanup(const Sid& owner, const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto mine = owners_.find(owner);
  Entry* entry = mine == owners_.end() ? nullptr : Find(mine->second, id);
  if (entry == nullptr || entry->cleanups == 0) return false;
  --entry->cleanups;
  return Settle(owner, mine->second, id);
}

std::vector<JobId> FinishedJobs::OfOwner(const Sid& owner) const {
  std::lock_guard lock(mutex_);
  std::vector<JobId> ids;
  const auto mine = owners_.find(owner);
  if (mine == owners_.end()) return ids;
  for (const Entry& entry : mine->second.entries) ids.push_back(entry.id);
  return ids;
}

}  // namespace bitsd
