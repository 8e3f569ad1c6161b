// The streams that are open: all are checked when identities are renewed, and told when the service
// stops.
//
// Thread safety: any thread; streams are called without the lock. Ownership: none; streams own
// themselves.

#ifndef BITSD_SERVER_RPC_CALLER_STREAM_REGISTRY_H_
#define BITSD_SERVER_RPC_CALLER_STREAM_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"

namespace bitsd::rpc {

/// A stream that the server keeps open.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  /// Ends the stream unless the caller still is who it was.
  virtual void Recheck() = 0;
  /// Ends the stream with `status`.
  virtual void Stop(const absl::Status& status) = 0;
};

class StreamRegistry {
 public:
  void Add(const std::shared_ptr<OpenStream>& stream);

  /// Ends every stream whose caller is no longer who it was.
  void RecheckAll();

  /// Ends every stream, and those that are still to come, with `status`.
  void EndAll(const absl::Status& status);

 private:
  using Streams = std::vector<std::weak_ptr<OpenStream>>;
  static constexpr size_t kFirstSweep = 64;

  std::mutex mutex_;
  Streams streams_;
  absl::Status ended_;             ///< Not OK: no stream begins any more.
  size_t sweep_at_ = kFirstSweep;  ///< The size at which those that ended are dropped.
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CALLER_STREAM_REGISTRY_H_
