// An operation on a local file that may hang, and who speaks for the one it hangs.
//
// The thread that runs it says when it begins and ends; another one looks how long it takes, and
// may abandon it: exactly one of End and Abandon succeeds. Thread safety: Begin and End on one
// thread, the rest on any. Ownership: none.

#ifndef BITSD_SERVER_TRANSFER_FILES_DISK_OPERATION_H_
#define BITSD_SERVER_TRANSFER_FILES_DISK_OPERATION_H_

#include <atomic>
#include <chrono>

namespace bitsd {

class DiskOperation {
 public:
  using Clock = std::chrono::steady_clock;

  void Begin() {
    since_ = Clock::now().time_since_epoch().count();
    State idle = State::kIdle;
    state_.compare_exchange_strong(idle, State::kRunning);
  }

  /// False: it was abandoned, and the one who did that has spoken.
  bool End() {
    since_ = 0;
    State running = State::kRunning;
    return state_.compare_exchange_strong(running, State::kIdle);
  }

  /// True when it is under way: End will fail.
  bool Abandon() {
    State running = State::kRunning;
    return state_.compare_exchange_strong(running, State::kAbandoned);
  }

  /// It has been under way for longer than `limit`.
  bool Exceeds(Clock::duration limit) const {
    const Clock::rep since = since_;
    return since != 0 && Clock::now().time_since_epoch().count() - since > limit.count();
  }

 private:
  enum class State { kIdle, kRunning, kAbandoned };

  std::atomic<State> state_{State::kIdle};
  std::atomic<Clock::rep> since_{0};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_DISK_OPERATION_H_
