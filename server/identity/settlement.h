// The end of something that has many parts: it is settled when the last of them is.
//
// Whoever ends a part holds the settlement until nothing of the part goes on any more and that is
// in the store. Thread safety: any thread. Ownership: shared by the parts; `done` runs where the
// last of them lets go.

#ifndef BITSD_SERVER_IDENTITY_SETTLEMENT_H_
#define BITSD_SERVER_IDENTITY_SETTLEMENT_H_

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"

namespace bitsd {

class Settlement {
 public:
  using Done = std::function<void(absl::Status)>;

  explicit Settlement(Done done) : done_(std::move(done)) {}
  ~Settlement() { done_(std::move(first_error_)); }
  Settlement(const Settlement&) = delete;
  Settlement& operator=(const Settlement&) = delete;

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
using SettlementPtr = std::shared_ptr<Settlement>;

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_SETTLEMENT_H_
