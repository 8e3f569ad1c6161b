#include "server/ops/line_limits.h"

#include <utility>

namespace bitsd {

std::optional<uint64_t> LineLimits::Take(const Sid& sid, absl::Time now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = Find(sid, now);
  if (!entry.limit.Has(now) || (all_ && !all_->Has(now))) {
    ++entry.left_out;
    return std::nullopt;
  }
  entry.limit.Take();
  if (all_) all_->Take();
  return std::exchange(entry.left_out, 0);
}

LineLimits::Entry& LineLimits::Find(const Sid& sid, absl::Time now) {
  if (entries_.size() >= kMaxSids && !entries_.contains(sid)) {
    // Those with nothing to tell are made anew with their next line.
    absl::erase_if(entries_, [now](auto& entry) {
      return entry.second.left_out == 0 && entry.second.limit.IsFull(now);
    });
    if (entries_.size() >= kMaxSids) return entries_.try_emplace(Sid(), each_).first->second;
  }
  return entries_.try_emplace(sid, each_).first->second;
}

}  // namespace bitsd
