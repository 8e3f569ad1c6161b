#include "server/job/schedule/throughput.h"

#include <utility>

namespace bitsd {

Throughput ThroughputMeter::Look(const ProgressSample& sample, absl::Time now) {
  if (std::exchange(first_, false)) {
    since_ = now;
    then_ = sample;
    return pace_;
  }
  // A file that began meanwhile means that one ended: that is progress, whatever its size. A file
  // that began again lost bytes: that is none.
  const bool next_file = sample.file != then_.file;
  const double gained =
      sample.bytes > then_.bytes ? static_cast<double>(sample.bytes - then_.bytes) : 0;
  const double needed =
      (pace_ == Throughput::kWaiting ? kFast : kSlow) * absl::ToDoubleSeconds(window_);
  const bool moved = next_file || gained >= needed;
  const bool over = now - since_ >= window_;
  if (moved) pace_ = Throughput::kMoving;
  if (!moved && over) pace_ = Throughput::kWaiting;
  if (moved || over) {
    since_ = now;
    then_ = sample;
  }
  return pace_;
}

}  // namespace bitsd
