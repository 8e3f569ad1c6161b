// A mutex that is waited for no longer than until a deadline: std::unique_lock(lock, deadline).
//
// std::timed_mutex would do, but ThreadSanitizer does not see how it is locked
// (pthread_mutex_clocklock) and reports races that are none. Thread safety: any thread.

#ifndef BITSD_SERVER_BASE_TIMED_LOCK_H_
#define BITSD_SERVER_BASE_TIMED_LOCK_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bitsd {

class TimedLock {
 public:
  /// False: it was not free before `deadline`.
  bool try_lock_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_until(lock, deadline, [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
  }

  void unlock() {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_TIMED_LOCK_H_
