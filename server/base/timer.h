// One thread that runs short functions at given times.
//
// At goes by the wall clock, and follows it when it is set. After goes by time that has passed, and
// does not. AtOrAfter goes by both: however the wall clock is set, nothing takes longer.
//
// Thread safety: any thread. Functions run one at a time and must not block. Ownership: the timer
// owns its thread; destroying it drops what has not run yet.

#ifndef BITSD_SERVER_BASE_TIMER_H_
#define BITSD_SERVER_BASE_TIMER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "server/base/clock.h"

namespace bitsd {

class Timer {
 public:
  /// What is to run, for Cancel. One that was never given out is cancelled without effect.
  struct Task {
    uint64_t id = 0;
    std::optional<absl::Time> at;     ///< By the wall clock.
    std::optional<absl::Time> after;  ///< By the steady clock.
  };

  /// `wall` must outlive it.
  explicit Timer(const Clock& wall);
  Timer();
  virtual ~Timer();

  /// Runs `fn` at `when` or soon after; at once when that is past.
  Task At(absl::Time when, std::function<void()> fn) {
    return Add(when, std::nullopt, std::move(fn));
  }
  /// Runs `fn` once `delay` has passed.
  Task After(absl::Duration delay, std::function<void()> fn) {
    return Add(std::nullopt, delay, std::move(fn));
  }
  /// Runs `fn` at `when` or once `delay` has passed, whichever comes first.
  Task AtOrAfter(absl::Time when, absl::Duration delay, std::function<void()> fn) {
    return Add(when, delay, std::move(fn));
  }
  /// Runs `fn` soon, on the timer's thread.
  void Post(std::function<void()> fn) { After(absl::ZeroDuration(), std::move(fn)); }
  /// Drops a function that has not begun to run.
  virtual void Cancel(const Task& task);
  /// Ends the thread; nothing runs afterwards. Called by the destructor.
  void Stop();

 protected:
  virtual Task Add(std::optional<absl::Time> when, std::optional<absl::Duration> delay,
                   std::function<void()> fn);

 private:
  using Key = std::pair<absl::Time, uint64_t>;
  struct Work {
    Task task;
    std::function<void()> fn;
  };
  using Due = std::map<Key, std::shared_ptr<Work>>;

  void Run();
  /// The first work of `due` that is to run by `now`; or null.
  static std::shared_ptr<Work> First(const Due& due, absl::Time now);
  static bool IsFirst(const Due& due, const Work& work);
  /// Takes it out of both lists.
  std::shared_ptr<Work> Take(const Task& task);
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

#endif  // BITSD_SERVER_BASE_TIMER_H_
