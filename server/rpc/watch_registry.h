// The watches that are open: all are checked when identities are renewed, and told when the service
// stops.
//
// Thread safety: any thread; watches are called without the lock. Ownership: none; watches own
// themselves.

#ifndef BITSD_SERVER_RPC_WATCH_REGISTRY_H_
#define BITSD_SERVER_RPC_WATCH_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "server/rpc/watch_reactor.h"

namespace bitsd::rpc {

class WatchRegistry {
 public:
  void Add(const std::shared_ptr<WatchReactor>& watch);

  /// Ends every watch whose caller is no longer who it was.
  void RecheckAll();

  /// Ends every watch, and those that are still to come, with `status`.
  void EndAll(const absl::Status& status);

 private:
  using Watches = std::vector<std::weak_ptr<WatchReactor>>;
  static constexpr size_t kFirstSweep = 64;

  std::mutex mutex_;
  Watches watches_;
  absl::Status ended_;             ///< Not OK: no watch begins any more.
  size_t sweep_at_ = kFirstSweep;  ///< The size at which those that ended are dropped.
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_WATCH_REGISTRY_H_
