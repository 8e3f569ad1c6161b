// How many streams of a kind a caller may have open at once.
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
#include "server/rpc/caller_key.h"

namespace bitsd::rpc {

class WatchLimiter {
 public:
  static constexpr size_t kMaxPerCaller = 100;

  /// `what`: such as "watches", for the message.
  explicit WatchLimiter(std::string what, size_t max_per_caller = kMaxPerCaller)
      : what_(std::move(what)), max_per_caller_(max_per_caller) {}

  /// The right to one open stream, given back by its destructor.
  class Ticket {
   public:
    Ticket(WatchLimiter* limiter, const CallerKey& caller) : limiter_(limiter), caller_(caller) {}
    ~Ticket() { limiter_->Release(caller_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    WatchLimiter* limiter_;
    const CallerKey caller_;
  };

  /// E_OUTOFMEMORY when `caller` has as many as it may have.
  absl::StatusOr<std::unique_ptr<Ticket>> Acquire(const CallerKey& caller);
  /// What Acquire would say.
  absl::Status Check(const CallerKey& caller) const;

 private:
  void Release(const CallerKey& caller);

  absl::Status Full() const;

  const std::string what_;
  const size_t max_per_caller_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<CallerKey, size_t> open_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_WATCH_LIMITER_H_
