// Runs `done` when the last holder releases it.
//
// Whoever ends a part of something holds the wait group until nothing of the part goes on and its
// end is in the store. Thread safety: any thread. Ownership: shared by the holders; `done` runs on
// the thread of the last one.

#ifndef BITSD_SERVER_BASE_WAIT_GROUP_H_
#define BITSD_SERVER_BASE_WAIT_GROUP_H_

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"

namespace bitsd {

class WaitGroup {
 public:
  using Done = std::function<void(absl::Status)>;

  explicit WaitGroup(Done done) : done_(std::move(done)) {}
  ~WaitGroup() { done_(std::move(first_error_)); }
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  /// A part ended with `status`; `done` gets the first error.
  void Note(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    first_error_.Update(status);
  }

 private:
  const Done done_;
  std::mutex mutex_;
  absl::Status first_error_;
};

/// May be null: nobody waits.
using WaitGroupPtr = std::shared_ptr<WaitGroup>;

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_WAIT_GROUP_H_
