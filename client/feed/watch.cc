#include "bitsd/client/watch.h"

#include <utility>

#include "client/feed/stream.h"

namespace bits {

using Event = std::optional<v1::WatchJobsResponse>;

JobWatch::Stream::Stream(CallRoute route, const v1::WatchJobsRequest& request)
    : route_(std::move(route)),
      context_(route_.Until(std::nullopt)),
      stream_(route_.transport->Open(context_, request)) {}

absl::StatusOr<Event> JobWatch::Stream::Next() {
  v1::WatchJobsResponse event;
  if (!end_ && stream_->Read(event)) return Event(std::move(event));
  if (!end_) end_ = stream_->Finish();
  if (context_.cancelled() || end_->ok()) return Event();
  return *end_;
}

void JobWatch::Stream::Cancel() { context_.Cancel(); }

JobWatch::JobWatch(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
JobWatch::JobWatch(JobWatch&&) noexcept = default;
JobWatch& JobWatch::operator=(JobWatch&&) noexcept = default;
JobWatch::~JobWatch() = default;

absl::StatusOr<Event> JobWatch::Next() { return stream_->Next(); }

void JobWatch::Cancel() { stream_->Cancel(); }

}  // namespace bits
