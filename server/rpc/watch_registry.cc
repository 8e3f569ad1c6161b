#include "server/rpc/watch_registry.h"

#include <algorithm>

namespace bitsd::rpc {

void WatchRegistry::Add(const std::shared_ptr<WatchReactor>& watch) {
  absl::Status ended;
  {
    const std::lock_guard lock(mutex_);
    if (watches_.size() >= sweep_at_) {
      std::erase_if(watches_, [](const auto& known) { return known.expired(); });
      sweep_at_ = std::max(kFirstSweep, 2 * watches_.size());
    }
    watches_.push_back(watch);
    ended = ended_;
  }
  if (!ended.ok()) watch->Stop(ended);
}

void WatchRegistry::RecheckAll() {
  Watches watches;
  {
    const std::lock_guard lock(mutex_);
    watches = watches_;
  }
  for (const auto& weak : watches) {
    if (const auto watch = weak.lock()) watch->Recheck();
  }
}

void WatchRegistry::EndAll(const absl::Status& status) {
  Watches watches;
  {
    const std::lock_guard lock(mutex_);
    ended_ = status;
    watches.swap(watches_);
  }
  for (const auto& weak : watches) {
    if (const auto watch = weak.lock()) watch->Stop(status);
  }
}

}  // namespace bitsd::rpc
