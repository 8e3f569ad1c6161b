// One thread that runs short functions at given times.
//
// At goes by the wall clock, and follows it when it is set. After goes by time that has passed, and
// does not.
//
// Thread safety: any thread. Functions run one at a time and must not block. Ownership: the timer
// owns its thread; destroying it drops what has not run yet.

#ifndef BITSD_SERVER_OPS_TIMER_H_
#define BITSD_SERVER_OPS_TIMER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "server/ops/clock.h"

namespace bitsd {

class Timer {
 public:
  /// `wall` must outlive it.
  explicit Timer(const Clock& wall);
  Timer();
  virtual ~Timer();

  /// Runs `fn` at `when` or soon after; at once when that is past. Returns an id for Cancel.
  virtual uint64_t At(absl::Time when, std::function<void()> fn);
  /// Runs `fn` once `delay` has passed.
  virtual void After(absl::Duration delay, std::function<void()> fn);
  /// Runs `fn` soon, on the timer's thread.
  void Post(std::function<void()> fn) { After(absl::ZeroDuration(), std::move(fn)); }
  /// Drops a function that has not begun to run.
  virtual void Cancel(uint64_t id, absl::Time when);
  /// Ends the thread; nothing runs afterwards. Called by the destructor.
  void Stop();

 private:
  using Key = std::pair<absl::Time, uint64_t>;
  using Due = std::map<Key, std::function<void()>>;

  void Run();
  /// The first function of `due` that is to run by `now`, taken out of it; or null.
  static std::function<void()> TakeFirst(Due& due, absl::Time now);
  /// How long nothing is to be done.
  absl::Duration Idle() const;

  const SteadyClock steady_;
  const Clock& wall_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  uint64_t next_id_ = 1;
  Due at_;
  Due after_;  ///< By the steady clock.
  std::thread thread_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_TIMER_H_
