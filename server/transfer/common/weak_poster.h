// The way of others' threads back to the executor's, for as long as somebody is there to come to.
//
// A callback may come late, when the download that it was for, and even the executor, is gone: what
// it posts then is dropped. Thread safety: Post from any thread; Close on the executor's thread.
// Ownership: shared by the download and its callbacks.

#ifndef BITSD_SERVER_TRANSFER_COMMON_WEAK_POSTER_H_
#define BITSD_SERVER_TRANSFER_COMMON_WEAK_POSTER_H_

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "server/transfer/common/executor.h"

namespace bitsd {

class WeakPoster : public std::enable_shared_from_this<WeakPoster> {
 public:
  explicit WeakPoster(Executor& executor) : executor_(&executor) {}

  void Post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (executor_ == nullptr) return;
    // It may be closed between this and that.
    executor_->Post([self = shared_from_this(), task = std::move(task)] {
      if (self->IsOpen()) task();
    });
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    executor_ = nullptr;
  }

 private:
  bool IsOpen() {
    const std::lock_guard lock(mutex_);
    return executor_ != nullptr;
  }

  std::mutex mutex_;
  Executor* executor_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_WEAK_POSTER_H_
