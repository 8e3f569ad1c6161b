#include "bitsd/client/watch.h"

#include <atomic>
#include <utility>

#include "client/channel.h"

namespace bits {

using Event = std::optional<v1::WatchJobsResponse>;

class JobWatch::Stream {
 public:
  Stream(v1::BackgroundCopyManager::Stub& stub, std::unique_ptr<grpc::ClientContext> context,
         const v1::WatchJobsRequest& request, std::shared_ptr<const void> keep_alive)
      : keep_alive_(std::move(keep_alive)),
        context_(std::move(context)),
        reader_(stub.WatchJobs(context_.get(), request)) {}

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ~Stream() {
    Cancel();
    Finish();
  }

  absl::StatusOr<Event> Next() {
    v1::WatchJobsResponse event;
    if (!end_ && reader_->Read(&event)) return Event(std::move(event));
    Finish();
    if (cancelled_ || end_->ok()) return Event();
    return FromGrpc(*end_);
  }

  void Cancel() {
    cancelled_ = true;
    context_->TryCancel();
  }

 private:
  void Finish() {
    if (!end_) end_ = reader_->Finish();
  }

  std::shared_ptr<const void> keep_alive_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchJobsResponse>> reader_;
  std::optional<grpc::Status> end_;  // Only the reading thread touches it.
  std::atomic<bool> cancelled_ = false;
};

std::shared_ptr<JobWatch::Stream> StartWatch(v1::BackgroundCopyManager::Stub& stub,
                                             std::unique_ptr<grpc::ClientContext> context,
                                             const v1::WatchJobsRequest& request,
                                             std::shared_ptr<const void> keep_alive) {
  return std::make_shared<JobWatch::Stream>(stub, std::move(context), request,
                                            std::move(keep_alive));
}

JobWatch::JobWatch(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
JobWatch::JobWatch(JobWatch&&) noexcept = default;
JobWatch& JobWatch::operator=(JobWatch&&) noexcept = default;
JobWatch::~JobWatch() = default;

absl::StatusOr<Event> JobWatch::Next() { return stream_->Next(); }

void JobWatch::Cancel() { stream_->Cancel(); }

}  // namespace bits
