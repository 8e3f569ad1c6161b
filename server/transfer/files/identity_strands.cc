#include "server/transfer/files/identity_strands.h"

#include <utility>

namespace bitsd {

std::shared_ptr<Strand> IdentityStrands::ForLocked(const Sid& identity) {
  if (const auto found = entries_.find(identity); found != entries_.end()) {
    if (auto strand = found->second.strand.lock()) return strand;
  }
  DropUnusedLocked();
  auto strand = disks_.NewStrand(identity.ToString());
  entries_[identity].strand = strand;
  return strand;
}

void IdentityStrands::DropUnusedLocked() {
  std::erase_if(entries_, [](const auto& entry) {
    return entry.second.strand.expired() && *entry.second.waiting == 0;
  });
}

bool IdentityStrands::Post(const Sid& identity, std::function<void()> task) {
  std::shared_ptr<Strand> strand;
  std::shared_ptr<std::atomic<size_t>> waiting;
  {
    std::lock_guard lock(mutex_);
    strand = ForLocked(identity);
    waiting = entries_[identity].waiting;
    if (*waiting >= max_waiting_) return false;
    ++*waiting;
  }
  strand->Post([waiting = std::move(waiting), task = std::move(task)] {
    task();
    --*waiting;
  });
  return true;
}

}  // namespace bitsd
