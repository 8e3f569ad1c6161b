// An answer that comes by a callback.
//
// Thread safety: any thread. Ownership: callback and reply share what came.

#ifndef BITSD_TESTS_TESTING_REPLY_H_
#define BITSD_TESTS_TESTING_REPLY_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace bitsd {

/// An answer that may still be on its way.
template <typename T>
class Reply {
 public:
  std::function<void(T)> Callback() {
    return [state = state_](T value) {
      std::lock_guard lock(state->mutex);
      state->value.emplace(std::move(value));
      state->changed.notify_all();
    };
  }
  bool ready() const {
    std::lock_guard lock(state_->mutex);
    return state_->value.has_value();
  }
  /// Waits for the answer, at most ten seconds.
  T Get() const {
    std::unique_lock lock(state_->mutex);
    const bool came = state_->changed.wait_for(lock, std::chrono::seconds(10),
                                               [&] { return state_->value.has_value(); });
    if (!came) ADD_FAILURE() << "no answer within ten seconds";
    return came ? *state_->value : T(absl::DeadlineExceededError("no answer"));
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_REPLY_H_
