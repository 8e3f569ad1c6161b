// A JobStore around the real one that holds commits back or makes them fail.
//
// Thread safety: any thread. Ownership: owns nothing of the store it wraps.

#ifndef BITSD_TESTS_TESTING_FAKES_FAULT_STORE_H_
#define BITSD_TESTS_TESTING_FAKES_FAULT_STORE_H_

#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "server/model/job_store.h"

namespace bitsd {

class FaultStore : public JobStore {
 public:
  explicit FaultStore(JobStore& real) : real_(real) {}

  absl::Status Load(const StoreVisitor& visitor) override { return real_.Load(visitor); }

  void Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) override {
    std::unique_lock lock(mutex_);
    ++commits_;
    changes_ += changes.size();
    if (holding_) {
      held_.emplace_back(std::move(changes), std::move(done));
      return;
    }
    const absl::Status error = error_;
    lock.unlock();
    Do(error, std::move(changes), std::move(done));
  }

  bool keeps_secrets() const override { return real_.keeps_secrets(); }
  void Stop() override { real_.Stop(); }

  /// Every commit from now on fails with `error`; OK ends that.
  void Fail(absl::Status error) {
    std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }

  /// Commits wait from now on.
  void Hold() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }

  /// Ends the oldest commit that waits, with `status`. False when none waits.
  bool ReleaseOne(const absl::Status& status = absl::OkStatus()) {
    std::unique_lock lock(mutex_);
    if (held_.empty()) return false;
    auto [changes, done] = std::move(held_.front());
    held_.pop_front();
    lock.unlock();
    Do(status, std::move(changes), std::move(done));
    return true;
  }

  /// Ends every commit that waits or comes.
  void ReleaseAll() {
    {
      std::lock_guard lock(mutex_);
      holding_ = false;
    }
    while (ReleaseOne()) {
    }
  }

  /// What waits is never done, as at a kill.
  void DropHeld() {
    std::lock_guard lock(mutex_);
    holding_ = false;
    held_.clear();
  }

  size_t held() const {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  /// In all commits that came.
  size_t changes() const {
    std::lock_guard lock(mutex_);
    return changes_;
  }
  size_t commits() const {
    std::lock_guard lock(mutex_);
    return commits_;
  }

 private:
  void Do(const absl::Status& status, std::vector<StoreChange> changes,
          std::function<void(absl::Status)> done) {
    if (status.ok()) return real_.Commit(std::move(changes), std::move(done));
    done(status);
  }

  JobStore& real_;
  mutable std::mutex mutex_;
  bool holding_ = false;
  absl::Status error_;
  size_t commits_ = 0;
  size_t changes_ = 0;
  std::deque<std::pair<std::vector<StoreChange>, std::function<void(absl::Status)>>> held_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_FAULT_STORE_H_
