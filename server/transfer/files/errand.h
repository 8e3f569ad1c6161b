// Something short that is done for a job on a disk thread, file by file or folder by folder.
//
// It ends by itself, or is stopped: before it begins nothing of it is done, and later it ends at
// its next step. Thread safety: Run on one thread, Stop on any. Ownership: shared by its task and
// the Activity that stands for it.

#ifndef BITSD_SERVER_TRANSFER_FILES_ERRAND_H_
#define BITSD_SERVER_TRANSFER_FILES_ERRAND_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "server/model/transfer_service.h"

namespace bitsd {

class Errand {
 public:
  /// `work` asks before each step whether it may go on; it is run once, also when it may not.
  using GoesOn = std::function<bool()>;
  explicit Errand(std::function<void(const GoesOn&)> work) : work_(std::move(work)) {}

  void Run() {
    {
      const std::lock_guard lock(mutex_);
      if (begun_) return;
      begun_ = true;
    }
    Work();
  }

  /// `stopped` runs when nothing is or will be done.
  void Stop(std::function<void()> stopped) {
    stopping_ = true;
    {
      const std::lock_guard lock(mutex_);
      if (begun_ && !over_) {
        stopped_ = std::move(stopped);
        return;
      }
      begun_ = true;
    }
    Work();
    stopped();
  }

 private:
  void Work() {
    if (const auto work = std::exchange(work_, nullptr)) work([this] { return !stopping_.load(); });
    std::function<void()> stopped;
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      stopped.swap(stopped_);
    }
    if (stopped) stopped();
  }

  std::function<void(const GoesOn&)> work_;  ///< Whoever set begun_ alone.
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  bool begun_ = false;
  bool over_ = false;
  std::function<void()> stopped_;
};

class ErrandActivity : public Activity {
 public:
  explicit ErrandActivity(std::shared_ptr<Errand> errand) : errand_(std::move(errand)) {}

  void Stop(std::function<void()> stopped) override { errand_->Stop(std::move(stopped)); }

 private:
  const std::shared_ptr<Errand> errand_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_ERRAND_H_
