#include "server/rpc/watch_limiter.h"

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::rpc {

absl::StatusOr<std::unique_ptr<WatchLimiter::Ticket>> WatchLimiter::Acquire(
    const CallerKey& caller) {
  const std::lock_guard lock(mutex_);
  size_t& open = open_[caller];
  if (open >= max_per_caller_) return Full();
  ++open;
  return std::make_unique<Ticket>(this, caller);
}

absl::Status WatchLimiter::Check(const CallerKey& caller) const {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(caller);
  return it != open_.end() && it->second >= max_per_caller_ ? Full() : absl::OkStatus();
}

absl::Status WatchLimiter::Full() const {
  return error::LimitReached(absl::StrCat("You have ", max_per_caller_, " ", what_,
                                          " open. End one before you begin another."));
}

void WatchLimiter::Release(const CallerKey& caller) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(caller);
  if (--it->second == 0) open_.erase(it);
}

}  // namespace bitsd::rpc
