// One WatchJobs call under way.
//
// Internal. Thread safety: Next by one thread at a time; Cancel by any, at any time. Ownership:
// keeps its route; the destructor cancels the call.

#ifndef BITSD_CLIENT_FEED_STREAM_H_
#define BITSD_CLIENT_FEED_STREAM_H_

#include <memory>
#include <optional>

#include "bitsd/client/watch.h"
#include "client/connection/call_route.h"

namespace bits {

class BITS_HIDDEN JobWatch::Stream {
 public:
  Stream(CallRoute route, const v1::WatchJobsRequest& request);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  absl::StatusOr<std::optional<v1::WatchJobsResponse>> Next();
  void Cancel();

 private:
  const CallRoute route_;
  CallContext context_;
  const std::unique_ptr<Transport::Stream> stream_;
  std::optional<absl::Status> end_;  // Only the reading thread touches it.
};

}  // namespace bits

#endif  // BITSD_CLIENT_FEED_STREAM_H_
