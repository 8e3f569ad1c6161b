#include "server/rpc/caller/stream_registry.h"

#include <algorithm>

namespace bitsd::rpc {

void StreamRegistry::Add(const std::shared_ptr<OpenStream>& stream) {
  absl::Status ended;
  {
    const std::lock_guard lock(mutex_);
    if (streams_.size() >= sweep_at_) {
      std::erase_if(streams_, [](const auto& known) { return known.expired(); });
      sweep_at_ = std::max(kFirstSweep, 2 * streams_.size());
    }
    streams_.push_back(stream);
    ended = ended_;
  }
  if (!ended.ok()) stream->Stop(ended);
}

void StreamRegistry::RecheckAll() {
  Streams streams;
  {
    const std::lock_guard lock(mutex_);
    streams = streams_;
  }
  for (const auto& weak : streams) {
    if (const auto stream = weak.lock()) stream->Recheck();
  }
}

void StreamRegistry::EndAll(const absl::Status& status) {
  Streams streams;
  {
    const std::lock_guard lock(mutex_);
    ended_ = status;
    streams.swap(streams_);
  }
  for (const auto& weak : streams) {
    if (const auto stream = weak.lock()) stream->Stop(status);
  }
}

}  // namespace bitsd::rpc
