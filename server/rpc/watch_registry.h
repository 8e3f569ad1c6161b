// The watches that are open, so that all of them can be checked when identities are renewed.
//
// Thread safety: any thread; watches are checked without the lock. Ownership: none; watches own
// themselves.

#ifndef BITSD_SERVER_RPC_WATCH_REGISTRY_H_
#define BITSD_SERVER_RPC_WATCH_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "server/rpc/watch_reactor.h"

namespace bitsd::rpc {

class WatchRegistry {
 public:
  void Add(const std::shared_ptr<WatchReactor>& watch);

  /// Ends every watch whose caller is no longer who it was.
  void RecheckAll();

 private:
  static constexpr size_t kFirstSweep = 64;

  std::mutex mutex_;
  std::vector<std::weak_ptr<WatchReactor>> watches_;
  size_t sweep_at_ = kFirstSweep;  ///< The size at which those that ended are dropped.
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_WATCH_REGISTRY_H_
