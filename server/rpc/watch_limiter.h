// How many streams of a kind an identity may have open at once.
//
// Thread safety: any thread. Ownership: a ticket must not outlive its limiter.

#ifndef BITSD_SERVER_RPC_WATCH_LIMITER_H_
#define BITSD_SERVER_RPC_WATCH_LIMITER_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/identity/sid.h"

namespace bitsd::rpc {

class WatchLimiter {
 public:
  static constexpr size_t kMaxPerSid = 100;

  /// `what`: such as "watches", for the message.
  explicit WatchLimiter(std::string what, size_t max_per_sid = kMaxPerSid)
      : what_(std::move(what)), max_per_sid_(max_per_sid) {}

  /// The right to one open stream, given back by its destructor.
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
  /// What Acquire would say.
  absl::Status Check(const Sid& user) const;

 private:
  void Release(const Sid& user);

  absl::Status Full() const;

  const std::string what_;
  const size_t max_per_sid_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<Sid, size_t> open_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_WATCH_LIMITER_H_
