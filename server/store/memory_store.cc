#include "server/store/memory_store.h"

#include <utility>

namespace bitsd {

void MemoryStore::Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) {
  {
    std::lock_guard lock(mutex_);
    for (StoreChange& change : changes) {
      if (change.put != nullptr) jobs_[change.put->id] = std::move(change.put);
      if (change.erase) jobs_.erase(*change.erase);
    }
  }
  done(absl::OkStatus());
}

JobRecordPtr MemoryStore::Find(const JobId& id) const {
  std::lock_guard lock(mutex_);
  const auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : it->second;
}

}  // namespace bitsd
