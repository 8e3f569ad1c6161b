// How many unary calls are being answered, to wait for them when the service stops.
//
// gRPC's own wait is for connections, and a client that is idle may keep one for long. Thread
// safety: any thread. Ownership: must outlive the calls.

#ifndef BITSD_SERVER_RPC_CALLER_CALLS_IN_FLIGHT_H_
#define BITSD_SERVER_RPC_CALLER_CALLS_IN_FLIGHT_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace bitsd::rpc {

class CallsInFlight {
 public:
  void Begin() { ++count_; }
  void End() {
    if (--count_ > 0 || !awaited_) return;
    const std::lock_guard lock(mutex_);
    none_.notify_all();
  }
  /// Returns when there is none, or after `patience`.
  void AwaitNone(std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    awaited_ = true;
    none_.wait_for(lock, patience, [this] { return count_ == 0; });
  }

 private:
  std::atomic<size_t> count_{0};
  std::atomic<bool> awaited_{false};
  std::mutex mutex_;
  std::condition_variable none_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CALLER_CALLS_IN_FLIGHT_H_
