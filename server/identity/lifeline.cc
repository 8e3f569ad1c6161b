#include "server/identity/lifeline.h"

namespace bitsd {

bool Lifeline::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

uint64_t Lifeline::Attach(Discard discard) {
  const std::lock_guard lock(mutex_);
  if (!open_) return 0;
  const uint64_t id = next_id_++;
  attached_.emplace(id, std::move(discard));
  return id;
}

void Lifeline::Detach(uint64_t id) {
  Discard dropped;  // Destroyed after the lock.
  const std::lock_guard lock(mutex_);
  const auto it = attached_.find(id);
  if (it == attached_.end()) return;
  dropped = std::move(it->second);
  attached_.erase(it);
}

Lifeline::Attached Lifeline::MarkEnded() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  return std::exchange(attached_, {});
}

void Lifeline::Run(const Attached& attached, std::string_view reason,
                   const SettlementPtr& settlement) {
  for (const auto& [id, discard] : attached) discard(reason, settlement);
}

bool Lifeline::Close(std::string_view reason, const SettlementPtr& settlement) {
  if (!is_open()) return false;
  Run(MarkEnded(), reason, settlement);
  return true;
}

}  // namespace bitsd
