#include "server/store/memory_store.h"

#include <utility>

namespace bitsd {

absl::Status MemoryStore::Load(const StoreVisitor& visitor) {
  std::lock_guard lock(mutex_);
  if (visitor.start != nullptr) visitor.start(++starts_);
  for (const auto& [id, record] : jobs_) visitor.job(record);
  for (const auto& [key, request] : requests_) visitor.request(request);
  for (const auto& [id, session] : sessions_) visitor.session(session);
  return absl::OkStatus();
}

void MemoryStore::Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) {
  {
    std::lock_guard lock(mutex_);
    for (StoreChange& change : changes) {
      if (change.put != nullptr) jobs_[change.put->id] = std::move(change.put);
      if (change.erase) jobs_.erase(*change.erase);
      if (change.request) {
        const std::pair key(change.request->caller, change.request->request_id);
        requests_.insert_or_assign(key, *std::move(change.request));
      }
      if (change.erase_request) requests_.erase(*change.erase_request);
      if (change.put_session) {
        sessions_.insert_or_assign(change.put_session->id, *change.put_session);
      }
      if (change.forget_requests) {
        absl::erase_if(requests_, [&](const auto& entry) {
          return entry.second.expires <= *change.forget_requests;
        });
      }
      if (change.erase_session) sessions_.erase(*change.erase_session);
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
