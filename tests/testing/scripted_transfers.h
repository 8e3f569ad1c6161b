// A TransferService that a test plays by hand: it opens nothing, and tells what it was asked for.
//
// Thread safety: any thread. Ownership: owns the record of what was started.

#ifndef BITSD_TESTS_TESTING_SCRIPTED_TRANSFERS_H_
#define BITSD_TESTS_TESTING_SCRIPTED_TRANSFERS_H_

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "server/job/transfer_service.h"

namespace bitsd {

class ScriptedTransfers : public TransferService {
 public:
  /// One download or completion, from its start to its end.
  struct Run {
    DownloadTask download;
    std::shared_ptr<DownloadEvents> events;  ///< Null for a completion.
    CompletionTask completion;
    std::function<void(std::vector<uint32_t>, absl::Status)> published;
    std::function<void()> stopped;  ///< Set once Stop was called and waits.
    bool stop_requested = false;
    bool ended = false;
  };

  /// With false, a Stop waits until EndStop.
  void StopAtOnce(bool at_once) {
    std::lock_guard lock(mutex_);
    stop_at_once_ = at_once;
  }
  void EndStop(const std::shared_ptr<Run>& run) {
    std::function<void()> stopped;
    {
      std::lock_guard lock(mutex_);
      stopped = std::exchange(run->stopped, nullptr);
      run->ended = true;
    }
    if (stopped) stopped();
  }

  std::vector<std::shared_ptr<Run>> runs() const {
    std::lock_guard lock(mutex_);
    return runs_;
  }
  std::shared_ptr<Run> last() const {
    std::lock_guard lock(mutex_);
    return runs_.empty() ? nullptr : runs_.back();
  }
  size_t active() const {
    std::lock_guard lock(mutex_);
    size_t count = 0;
    for (const auto& run : runs_) count += run->ended ? 0 : 1;
    return count;
  }
  std::vector<CleanupTask> cleanups() const {
    std::lock_guard lock(mutex_);
    return cleanups_;
  }
  std::vector<ActingIdentity> checks() const {
    std::lock_guard lock(mutex_);
    return checks_;
  }
  void AnswerChecks(absl::Status status) { check_answer_ = std::move(status); }
  void KeepFilesAtCleanup() { keep_files_ = true; }
  /// Cleanups wait until EndCleanups.
  void HoldCleanups() { hold_cleanups_ = true; }
  void EndCleanups() {
    hold_cleanups_ = false;
    for (const auto& end : std::exchange(held_cleanups_, {})) end();
  }

  std::unique_ptr<Activity> StartDownload(DownloadTask task,
                                          std::shared_ptr<DownloadEvents> events) override {
    auto run = std::make_shared<Run>();
    run->download = std::move(task);
    run->events = std::move(events);
    return Add(std::move(run));
  }

  std::unique_ptr<Activity> StartCompletion(
      CompletionTask task, std::function<void(std::vector<uint32_t>, absl::Status)> done) override {
    auto run = std::make_shared<Run>();
    run->completion = std::move(task);
    run->published = std::move(done);
    return Add(std::move(run));
  }

  void StartCleanup(CleanupTask task,
                    std::function<void(std::vector<TemporaryFile>)> done) override {
    std::vector<TemporaryFile> left;
    if (keep_files_) left = task.files;
    {
      std::lock_guard lock(mutex_);
      cleanups_.push_back(std::move(task));
    }
    if (!hold_cleanups_) return done(std::move(left));
    held_cleanups_.push_back([left = std::move(left), done = std::move(done)] { done(left); });
  }

  void CheckDirectories(ActingIdentity who, JobId, std::vector<std::string>,
                        std::function<void(absl::Status)> done) override {
    {
      std::lock_guard lock(mutex_);
      checks_.push_back(std::move(who));
    }
    done(check_answer_);
  }

 private:
  class Handle : public Activity {
   public:
    Handle(ScriptedTransfers& service, std::shared_ptr<Run> run)
        : service_(service), run_(std::move(run)) {}
    void Stop(std::function<void()> stopped) override {
      {
        std::lock_guard lock(service_.mutex_);
        run_->stop_requested = true;
        if (!service_.stop_at_once_) {
          run_->stopped = std::move(stopped);
          return;
        }
        run_->ended = true;
      }
      stopped();
    }

   private:
    ScriptedTransfers& service_;
    const std::shared_ptr<Run> run_;
  };

  std::unique_ptr<Activity> Add(std::shared_ptr<Run> run) {
    std::lock_guard lock(mutex_);
    runs_.push_back(run);
    return std::make_unique<Handle>(*this, std::move(run));
  }

  mutable std::mutex mutex_;
  bool stop_at_once_ = true;
  bool keep_files_ = false;
  bool hold_cleanups_ = false;
  std::vector<std::function<void()>> held_cleanups_;
  absl::Status check_answer_;
  std::vector<std::shared_ptr<Run>> runs_;
  std::vector<CleanupTask> cleanups_;
  std::vector<ActingIdentity> checks_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_SCRIPTED_TRANSFERS_H_
