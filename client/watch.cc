#include "bitsd/client/watch.h"

#include <utility>

#include "client/stream.h"

namespace bits {

using Event = std::optional<v1::WatchJobsResponse>;

JobWatch::Stream::Stream(CallRoute route, const v1::WatchJobsRequest& request)
    : route_(std::move(route)) {
  route_.Describe(context_);
  reader_ = route_.connection->manager().WatchJobs(&context_, request);
}

JobWatch::Stream::~Stream() {
  Cancel();
  Finish();
}

absl::StatusOr<Event> JobWatch::Stream::Next() {
  v1::WatchJobsResponse event;
  if (!end_ && reader_->Read(&event)) return Event(std::move(event));
  Finish();
  if (cancelled_ || end_->ok()) return Event();
  return FromGrpc(*end_);
}

void JobWatch::Stream::Cancel() {
  cancelled_ = true;
  context_.TryCancel();
}

void JobWatch::Stream::Finish() {
  if (!end_) end_ = reader_->Finish();
}

JobWatch::JobWatch(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
JobWatch::JobWatch(JobWatch&&) noexcept = default;
JobWatch& JobWatch::operator=(JobWatch&&) noexcept = default;
JobWatch::~JobWatch() = default;

absl::StatusOr<Event> JobWatch::Next() { return stream_->Next(); }

void JobWatch::Cancel() { stream_->Cancel(); }

}  // namespace bits
