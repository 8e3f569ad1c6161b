#include "server/job/run_slots.h"

#include <algorithm>

namespace bitsd {

bool RunSlots::Take(const JobId& job, std::function<void()> granted) {
  std::lock_guard lock(mutex_);
  if (free_ > 0) {
    --free_;
    return true;
  }
  waiting_.emplace_back(job, std::move(granted));
  return false;
}

bool RunSlots::Leave(const JobId& job) {
  std::lock_guard lock(mutex_);
  const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const auto& entry) { return entry.first == job; });
  if (it == waiting_.end()) return false;
  waiting_.erase(it);
  return true;
}

void RunSlots::GiveBack() {
  std::function<void()> granted;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    granted = std::move(waiting_.front().second);
    waiting_.pop_front();
  }
  granted();
}

}  // namespace bitsd
