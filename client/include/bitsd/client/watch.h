// A running WatchJobs call, read as a loop.
//
// Thread safety: Next by one thread at a time; Cancel by any thread at any time, also while Next
// waits. Ownership: holds its connection open; the destructor cancels the call.

#ifndef BITSD_CLIENT_WATCH_H_
#define BITSD_CLIENT_WATCH_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "bits/v1/manager.pb.h"
#include "bitsd/client/export.h"

namespace bits {

class BITS_EXPORT JobWatch {
 public:
  class Stream;

  explicit JobWatch(std::shared_ptr<Stream> stream);
  JobWatch(JobWatch&&) noexcept;
  JobWatch& operator=(JobWatch&&) noexcept;
  ~JobWatch();

  /// Waits for the next event. No value: Cancel was called or the service ended the stream.
  absl::StatusOr<std::optional<v1::WatchJobsResponse>> Next();

  /// Ends the call: a waiting Next returns without a value.
  void Cancel();

 private:
  std::shared_ptr<Stream> stream_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_WATCH_H_
