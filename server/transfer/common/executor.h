// A thread that runs what others post to it.
//
// Nothing that is posted may block. Thread safety: Post from any thread; PostAfter and Cancel on
// the executor's own. Ownership: it outlives the work that posts to it.

#ifndef BITSD_SERVER_TRANSFER_COMMON_EXECUTOR_H_
#define BITSD_SERVER_TRANSFER_COMMON_EXECUTOR_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace bitsd {

class Executor {
 public:
  /// Names one task of PostAfter: when it is due, and which.
  using Delayed = std::pair<std::chrono::steady_clock::time_point, uint64_t>;

  /// Runs `task` on the executor's thread, in order, never inside this call.
  virtual void Post(std::function<void()> task) = 0;
  virtual Delayed PostAfter(std::chrono::milliseconds delay, std::function<void()> task) = 0;
  /// Drops it, unless it has run.
  virtual void Cancel(const Delayed& task) = 0;

 protected:
  ~Executor() = default;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_EXECUTOR_H_
