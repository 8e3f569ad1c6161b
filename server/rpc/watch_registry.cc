#include "server/rpc/watch_registry.h"

#include <algorithm>

namespace bitsd::rpc {

void WatchRegistry::Add(const std::shared_ptr<WatchReactor>& watch) {
  const std::lock_guard lock(mutex_);
  if (watches_.size() >= sweep_at_) {
    std::erase_if(watches_, [](const auto& known) { return known.expired(); });
    sweep_at_ = std::max(kFirstSweep, 2 * watches_.size());
  }
  watches_.push_back(watch);
}

void WatchRegistry::RecheckAll() {
  std::vector<std::weak_ptr<WatchReactor>> watches;
  {
    const std::lock_guard lock(mutex_);
    watches = watches_;
  }
  for (const auto& weak : watches) {
    if (const auto watch = weak.lock()) watch->Recheck();
  }
}

}  // namespace bitsd::rpc
