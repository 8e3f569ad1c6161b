// A TransferService that a test plays by hand: it opens nothing, and tells what it was asked for.
//
// Thread safety: any thread. Ownership: owns the record of what was started.

#ifndef BITSD_TESTS_TESTING_FAKES_SCRIPTED_TRANSFERS_H_
#define BITSD_TESTS_TESTING_FAKES_SCRIPTED_TRANSFERS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "server/model/transfer_service.h"

namespace bitsd {

class ScriptedTransfers : public TransferService {
 public:
  /// One download or completion, from its start to its end.
  struct Run {
    DownloadTask download;
    std::shared_ptr<DownloadEvents> events;  ///< Null for a completion.
    CompletionTask completion;
    std::function<void(std::vector<PlacedFile>, absl::Status)> published;
    bool told = false;                 ///< `published` ran.
    std::vector<PlacedFile> in_place;  ///< Of a completion that is stopped.
    std::function<void()> stopped;     ///< Set once Stop was called and waits.
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
    bool was_told = false;
    {
      std::lock_guard lock(mutex_);
      stopped = std::exchange(run->stopped, nullptr);
      run->ended = true;
      was_told = std::exchange(run->told, true);
    }
    if (!was_told && run->published) run->published(run->in_place, absl::CancelledError("stopped"));
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
    for (const auto& held : std::exchange(held_cleanups_, {})) End(held);
  }

  std::unique_ptr<Activity> StartDownload(DownloadTask task,
                                          std::shared_ptr<DownloadEvents> events) override {
    auto run = std::make_shared<Run>();
    run->download = std::move(task);
    run->events = std::move(events);
    return Add(std::move(run));
  }

  std::unique_ptr<Activity> StartCompletion(
      CompletionTask task,
      std::function<void(std::vector<PlacedFile>, absl::Status)> done) override {
    auto run = std::make_shared<Run>();
    run->completion = std::move(task);
    run->published = [run = std::weak_ptr<Run>(run), done = std::move(done)](
                         std::vector<PlacedFile> indexes, absl::Status status) {
      if (const auto self = run.lock()) self->told = true;
      done(std::move(indexes), std::move(status));
    };
    return Add(std::move(run));
  }

  /// With false, checks, looks and cleanups wait: what is under way is in `errands`.
  void AnswerAtOnce(bool at_once) { answer_at_once_ = at_once; }
  /// One check, look or cleanup that waits.
  struct WaitingErrand {
    ActingIdentity who;
    std::function<void()> end;        ///< It ends by itself.
    std::function<void()> interrupt;  ///< What it says when it is stopped; may be null.
    std::function<void()> stopped;    ///< Set once Stop was called.
    std::atomic<bool> over{false};
  };
  std::vector<std::shared_ptr<WaitingErrand>> errands() const {
    std::lock_guard lock(mutex_);
    return errands_;
  }
  void End(const std::shared_ptr<WaitingErrand>& errand) {
    if (errand->over.exchange(true)) return;
    Finish(*errand, true);
  }
  /// It notices that it was stopped.
  void EndStop(const std::shared_ptr<WaitingErrand>& errand) {
    if (errand->over.exchange(true)) return;
    Finish(*errand, false);
  }
  void SayLost(std::vector<uint32_t> lost) { lost_ = std::move(lost); }
  std::vector<ActingIdentity> looks() const {
    std::lock_guard lock(mutex_);
    return looks_;
  }

  std::unique_ptr<Activity> StartCleanup(CleanupTask task, CleanupDone done) override {
    std::vector<TemporaryFile> left;
    if (keep_files_) left = task.files;
    auto errand = std::make_shared<WaitingErrand>();
    if (!task.identities.empty()) errand->who = task.identities.front();
    errand->interrupt = [done, files = task.files] { done({}, files); };
    {
      std::lock_guard lock(mutex_);
      cleanups_.push_back(std::move(task));
    }
    errand->end = [done = std::move(done), left] { done(left, {}); };
    if (!hold_cleanups_) return Begin(std::move(errand));
    held_cleanups_.push_back(errand);
    return std::make_unique<ErrandHandle>(std::move(errand));
  }

  std::unique_ptr<Activity> StartCheck(CheckTask task,
                                       std::function<void(absl::Status)> done) override {
    auto errand = std::make_shared<WaitingErrand>();
    errand->who = task.local;
    errand->end = [this, done = std::move(done)] { done(check_answer_); };
    {
      std::lock_guard lock(mutex_);
      checks_.push_back(std::move(task.local));
    }
    return Begin(std::move(errand));
  }

  std::unique_ptr<Activity> StartLook(LookTask task,
                                      std::function<void(std::vector<uint32_t>)> done) override {
    auto errand = std::make_shared<WaitingErrand>();
    errand->who = task.local;
    errand->end = [this, done = std::move(done)] { done(lost_); };
    {
      std::lock_guard lock(mutex_);
      looks_.push_back(std::move(task.local));
    }
    return Begin(std::move(errand));
  }

 private:
  class ErrandHandle : public Activity {
   public:
    explicit ErrandHandle(std::shared_ptr<WaitingErrand> errand) : errand_(std::move(errand)) {}
    void Stop(std::function<void()> stopped) override {
      if (errand_->over) return stopped();
      errand_->stopped = std::move(stopped);
    }

   private:
    const std::shared_ptr<WaitingErrand> errand_;
  };

  /// What it says is let go: it holds the job.
  static void Finish(WaitingErrand& errand, bool ended) {
    const auto end = std::exchange(errand.end, nullptr);
    const auto interrupt = std::exchange(errand.interrupt, nullptr);
    if (ended) end();
    if (!ended && interrupt) interrupt();
    if (const auto stopped = std::exchange(errand.stopped, nullptr)) stopped();
  }

  std::unique_ptr<Activity> Begin(std::shared_ptr<WaitingErrand> errand) {
    if (answer_at_once_) {
      errand->over = true;
      Finish(*errand, true);
    } else {
      std::lock_guard lock(mutex_);
      errands_.push_back(errand);
    }
    return std::make_unique<ErrandHandle>(std::move(errand));
  }

  class Handle : public Activity {
   public:
    Handle(ScriptedTransfers& service, std::shared_ptr<Run> run)
        : service_(service), run_(std::move(run)) {}
    void Stop(std::function<void()> stopped) override {
      bool was_told = false;
      {
        std::lock_guard lock(service_.mutex_);
        run_->stop_requested = true;
        if (!service_.stop_at_once_) {
          run_->stopped = std::move(stopped);
          return;
        }
        was_told = std::exchange(run_->told, true);
        run_->ended = true;
      }
      if (!was_told && run_->published) run_->published({}, absl::CancelledError("stopped"));
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
  std::vector<std::shared_ptr<WaitingErrand>> held_cleanups_;
  absl::Status check_answer_;
  std::vector<std::shared_ptr<Run>> runs_;
  std::vector<CleanupTask> cleanups_;
  std::vector<ActingIdentity> checks_;
  std::vector<ActingIdentity> looks_;
  std::vector<uint32_t> lost_;
  std::atomic<bool> answer_at_once_{true};
  std::vector<std::shared_ptr<WaitingErrand>> errands_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_SCRIPTED_TRANSFERS_H_
