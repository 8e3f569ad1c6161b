// One at a time, and no longer than a deadline: what a mutex cannot do.
//
// Thread safety: any thread.

#ifndef BITSD_SERVER_BROKER_TURN_H_
#define BITSD_SERVER_BROKER_TURN_H_

#include <condition_variable>
#include <memory>
#include <mutex>

#include "server/broker/channel.h"

namespace bitsd {

class Turn {
 public:
  /// A turn that was taken; destroying it ends the turn. It must not outlive its Turn.
  struct End {
    void operator()(Turn* turn) const { turn->Give(); }
  };
  using Taken = std::unique_ptr<Turn, End>;

  /// Waits for a turn; null when it did not come before `deadline`.
  Taken Take(Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_until(lock, deadline, [this] { return !taken_; })) return nullptr;
    taken_ = true;
    return Taken(this);
  }

 private:
  void Give() {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    free_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_TURN_H_
