#include "server/job/pace.h"

#include <utility>

namespace bitsd {

Pace PaceMeter::Look(const Pulse& pulse, absl::Time now) {
  if (std::exchange(first_, false)) {
    since_ = now;
    then_ = pulse;
    return pace_;
  }
  // A file that began meanwhile means that one ended: that is progress, whatever its size. A file
  // that began again lost bytes: that is none.
  const bool next_file = pulse.file != then_.file;
  const double gained =
      pulse.bytes > then_.bytes ? static_cast<double>(pulse.bytes - then_.bytes) : 0;
  const double needed = (pace_ == Pace::kWaiting ? kFast : kSlow) * absl::ToDoubleSeconds(window_);
  const bool moved = next_file || gained >= needed;
  const bool over = now - since_ >= window_;
  if (moved) pace_ = Pace::kMoving;
  if (!moved && over) pace_ = Pace::kWaiting;
  if (moved || over) {
    since_ = now;
    then_ = pulse;
  }
  return pace_;
}

}  // namespace bitsd
