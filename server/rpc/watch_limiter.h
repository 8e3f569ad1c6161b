// How many watches an identity may have open at once.
//
// Thread safety: any thread. Ownership: a ticket must not outlive its limiter.

#ifndef BITSD_SERVER_RPC_WATCH_LIMITER_H_
#define BITSD_SERVER_RPC_WATCH_LIMITER_H_

#include <cstddef>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/identity/sid.h"

namespace bitsd::rpc {

class WatchLimiter {
 public:
  static constexpr size_t kMaxPerSid = 100;

  /// The right to one open watch, given back by its destructor.
  class Ticket {
   public:
    Ticket(WatchLimiter* limiter, const Sid& user) : limiter_(limiter), user_(user) {}
    ~Ticket() { limiter_->Release(user_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    WatchLimiter* limiter_;
    Sid user_;
  };

  /// E_OUTOFMEMORY when `user` has as many as it may have.
  absl::StatusOr<std::unique_ptr<Ticket>> Acquire(const Sid& user);

 private:
  void Release(const Sid& user);

  std::mutex mutex_;
  absl::flat_hash_map<Sid, size_t> open_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_WATCH_LIMITER_H_
