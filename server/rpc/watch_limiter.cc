#include "server/rpc/watch_limiter.h"

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::rpc {

absl::StatusOr<std::unique_ptr<WatchLimiter::Ticket>> WatchLimiter::Acquire(const Sid& user) {
  const std::lock_guard lock(mutex_);
  size_t& open = open_[user];
  if (open >= max_per_sid_) return Full();
  ++open;
  return std::make_unique<Ticket>(this, user);
}

absl::Status WatchLimiter::Check(const Sid& user) const {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(user);
  return it != open_.end() && it->second >= max_per_sid_ ? Full() : absl::OkStatus();
}

absl::Status WatchLimiter::Full() const {
  return error::LimitReached(absl::StrCat("You have ", max_per_sid_, " ", what_,
                                          " open. End one before you begin another."));
}

void WatchLimiter::Release(const Sid& user) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(user);
  if (--it->second == 0) open_.erase(it);
}

}  // namespace bitsd::rpc
