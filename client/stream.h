// One WatchJobs call under way.
//
// Internal. Thread safety: Next by one thread at a time; Cancel by any, at any time. Ownership:
// keeps its route; the destructor cancels the call.

#ifndef BITSD_CLIENT_STREAM_H_
#define BITSD_CLIENT_STREAM_H_

#include <atomic>
#include <memory>
#include <optional>

#include "bitsd/client/watch.h"
#include "client/call_route.h"

namespace bits {

class BITS_HIDDEN JobWatch::Stream {
 public:
  Stream(CallRoute route, const v1::WatchJobsRequest& request);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  absl::StatusOr<std::optional<v1::WatchJobsResponse>> Next();
  void Cancel();

 private:
  void Finish();

  const CallRoute route_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchJobsResponse>> reader_;
  std::optional<grpc::Status> end_;  // Only the reading thread touches it.
  std::atomic<bool> cancelled_ = false;
};

}  // namespace bits

#endif  // BITSD_CLIENT_STREAM_H_
