// The work of a job: starts it when the job may run, stops it when it may not, and takes its news.
//
// Its main work is one thing at a time, of a WorkKind; beside it goes what is short (SideWorks).
// All of it stops when whoever acts in it may not any more, and begins again as who may. Uploads
// come in here: another kind, started where StartDownload is.
//
// Thread safety: RunCompletion, OnAccountsChanged, Shutdown, news, Runner and LogonObserver are for
// any thread, without the job's lock; everything else is called with it. Ownership: a part of its
// job, which is kept by the work that is stopping.

#ifndef BITSD_SERVER_JOB_JOB_WORK_H_
#define BITSD_SERVER_JOB_JOB_WORK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/base/heap_optional.h"
#include "server/job/acting.h"
#include "server/job/change_queue.h"
#include "server/job/job_core.h"
#include "server/job/job_place.h"
#include "server/job/network_use.h"
#include "server/job/owner_presence.h"
#include "server/job/retry_timer.h"
#include "server/job/shown_run.h"
#include "server/job/side_works.h"
#include "server/job/stoppable_work.h"

namespace bitsd {

enum class WorkKind {
  kDownload,
  kPublish,  ///< Complete: puts in place what was transferred.
};

class JobWork : public WorkControl, public Runner, public LogonObserver {
 public:
  /// Gets the files that are in place and OK, or what stopped it.
  using CompletionDone = std::function<void(std::vector<PlacedFile>, absl::Status)>;

  JobWork(JobCore& core, ChangeQueue& changes)
      : core_(core),
        changes_(changes),
        presence_(core, *this),
        place_(core, *this),
        retry_(core, changes),
        beside_(core, changes, presence_) {}

  // WorkControl.
  void Evaluate(Deferred& deferred) override;
  void EvaluateBeside(Deferred& deferred) override { beside_.Evaluate(deferred); }
  void AwaitStops(const ChangeAnswerPtr& answer) override;
  void OnLastNewsTaken() override { shown_.ForgetEnded(); }

  // Runner.
  void OnPlaceChanged() override;
  ProgressSample TakeSample() override;

  // LogonObserver.
  void OnOwnerLoggedOff(const WaitGroupPtr& wait_group) override;
  void OnOwnerLoggedOn() override;

  void RunCompletion(CompletionDone done);
  void OnAccountsChanged();
  void Shutdown(std::function<void()> stopped);

  SideWorks& beside() { return beside_; }
  const SideWorks& beside() const { return beside_; }
  ShownRun& shown() { return shown_; }
  const ShownRun& shown() const { return shown_; }
  bool waits_for_place() const { return place_.waits(); }

 private:
  class News;
  struct Run : StoppableWork {
    WorkKind kind = WorkKind::kDownload;
    LocalActor actor;    ///< Who acts in it, and the owner's account when it began.
    NetworkUse network;  ///< Of a download.
  };

  bool RunIsRight() const;
  bool DownloadIsRight(const JobVersion& version, const Account& owner) const;
  void StopRun(Deferred& deferred);
  void OnRunStopped();
  void StartDownload(const JobVersion& version, Deferred& deferred);
  void StartCompletion(const JobVersion& version, Deferred& deferred);
  absl::Status WhyNotCompleted() const;
  void LeavePlaces(Deferred& deferred);
  void FailLater(TransferFailure failure, Deferred& deferred);
  /// Keeps `part` until all that is stopping has stopped.
  void Hold(const std::shared_ptr<void>& part);

  // News of the main work (work_news.cc).
  void OnPhase(bool transferring);
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded);
  void OnDone();
  void OnFailed(TransferFailure failure);
  void OnPublished(std::vector<PlacedFile> indexes, absl::Status status);
  void OnEnded(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide);

  JobCore& core_;
  ChangeQueue& changes_;
  OwnerPresence presence_;
  JobPlace place_;
  RetryTimer retry_;
  SideWorks beside_;
  ShownRun shown_;
  std::shared_ptr<Run> run_;  ///< The main work; null: there is none.
  HeapOptional<CompletionDone> completion_;
  uint64_t downloads_ = 0;  ///< That began.
  bool shut_down_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_WORK_H_
