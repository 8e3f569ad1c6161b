#include "server/job/schedule/fair_queue.h"

namespace bitsd {

void FairQueue::Enlist(const Sid& sid, Owner& owner) {
  if (!owner.jobs.empty()) order_.emplace(owner.load, owner.ticket, sid);
}

void FairQueue::Strike(const Sid& sid, const Owner& owner) {
  order_.erase({owner.load, owner.ticket, sid});
}

void FairQueue::Drop(Owners::iterator owner) {
  if (owner->second.jobs.empty() && owner->second.load == 0) owners_.erase(owner);
}

void FairQueue::Push(const Sid& owner, const JobId& job, Position position) {
  Owner& entry = owners_[owner];
  Strike(owner, entry);
  if (entry.jobs.empty()) entry.ticket = next_ticket_++;
  entry.jobs.emplace(position, job);
  ++size_;
  Enlist(owner, entry);
}

void FairQueue::Remove(const Sid& owner, Position position) {
  const auto it = owners_.find(owner);
  if (it == owners_.end()) return;
  Strike(owner, it->second);
  size_ -= it->second.jobs.erase(position);
  Enlist(owner, it->second);
  Drop(it);
}

JobId FairQueue::Pop() {
  const Sid sid = std::get<2>(*order_.begin());
  const auto it = owners_.find(sid);
  Owner& owner = it->second;
  order_.erase(order_.begin());
  const JobId job = owner.jobs.begin()->second;
  owner.jobs.erase(owner.jobs.begin());
  --size_;
  // Behind the others: it has had its turn.
  owner.ticket = next_ticket_++;
  Enlist(sid, owner);
  Drop(it);
  return job;
}

void FairQueue::SetLoad(const Sid& owner, size_t load) {
  const auto it = owners_.try_emplace(owner).first;
  Strike(owner, it->second);
  it->second.load = load;
  Enlist(owner, it->second);
  Drop(it);
}

size_t FairQueue::LoadOf(const Sid& owner) const {
  const auto it = owners_.find(owner);
  return it == owners_.end() ? 0 : it->second.load;
}

bool FairQueue::Has(const Sid& owner) const {
  const auto it = owners_.find(owner);
  return it != owners_.end() && !it->second.jobs.empty();
}

}  // namespace bitsd
