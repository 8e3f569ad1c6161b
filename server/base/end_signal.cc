#include "server/base/end_signal.h"

namespace bitsd {

bool EndSignal::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

uint64_t EndSignal::Attach(Discard discard) {
  const std::lock_guard lock(mutex_);
  if (!open_) return 0;
  const uint64_t id = next_id_++;
  attached_.emplace(id, std::move(discard));
  return id;
}

void EndSignal::Detach(uint64_t id) {
  Discard dropped;  // Destroyed after the lock.
  const std::lock_guard lock(mutex_);
  const auto it = attached_.find(id);
  if (it == attached_.end()) return;
  dropped = std::move(it->second);
  attached_.erase(it);
}

EndSignal::Attached EndSignal::MarkEnded() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  return std::exchange(attached_, {});
}

void EndSignal::Run(const Attached& attached, std::string_view reason,
                    const WaitGroupPtr& wait_group) {
  for (const auto& [id, discard] : attached) discard(reason, wait_group);
}

bool EndSignal::Close(std::string_view reason, const WaitGroupPtr& wait_group) {
  if (!is_open()) return false;
  Run(MarkEnded(), reason, wait_group);
  return true;
}

}  // namespace bitsd
