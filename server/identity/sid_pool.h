// SIDs that are kept once, however many things carry them: a million jobs have few owners.
//
// Nothing is forgotten: it grows with the accounts that ever were given to it, not with what they
// do. Thread safety: any thread. Ownership: the pool owns the SIDs, and outlives who uses them.

#ifndef BITSD_SERVER_IDENTITY_SID_POOL_H_
#define BITSD_SERVER_IDENTITY_SID_POOL_H_

#include <mutex>

#include "absl/container/node_hash_set.h"
#include "server/identity/sid.h"

namespace bitsd {

class SidPool {
 public:
  /// The one SID equal to `sid`; it stays where it is as long as the pool lives.
  const Sid& Keep(const Sid& sid) {
    std::lock_guard lock(mutex_);
    return *sids_.insert(sid).first;
  }

 private:
  std::mutex mutex_;
  absl::node_hash_set<Sid> sids_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_SID_POOL_H_
