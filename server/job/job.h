// One job: the queue of its changes and its work, under one lock.
//
// The queue (change_queue.h) decides, commits, applies and answers; the work (job_work.h) starts
// and stops by what is in force, and its news are changes again. A job is shown as both say.
//
// Thread safety: any thread; the lock is never held across I/O or a foreign callback. Ownership:
// shared between the table and the work under way. JobEnvironment outlives every job.

#ifndef BITSD_SERVER_JOB_JOB_H_
#define BITSD_SERVER_JOB_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/heap_optional.h"
#include "server/job/change_queue.h"
#include "server/job/job_core.h"
#include "server/job/job_work.h"
#include "server/job/service/job_view.h"
#include "server/job/service/view_of.h"
#include "server/job/watch_hub.h"

namespace bitsd {

class Job : public JobCore {
 public:
  using OutcomeDone = std::function<void(absl::StatusOr<JobOutcome>)>;

  /// `record` is in the store already. `revision`: what is shown has at least this one.
  Job(JobEnvironment& environment, JobRecordPtr record, uint64_t revision = 0)
      : JobCore(environment, *record),
        changes_(*this, work_, std::move(record), revision),
        work_(*this, changes_) {}

  // Its changes: see ChangeQueue.
  void Submit(JobChange change) { changes_.Submit(std::move(change)); }
  /// `done` gets the job once Complete has ended, if it runs, and all that was decided is in the
  /// store.
  void Settle(std::function<void(absl::StatusOr<JobVersion>)> done);
  void Erase() { changes_.Erase(); }
  bool erased() const;
  /// What is in force: committed, less what was withdrawn since.
  JobVersion InForce() const;
  /// The store knows that it has ended.
  bool EndIsStored() const;

  // How it is shown.
  JobView View() const;
  std::vector<FileView> Files(size_t first, size_t count) const;
  /// The watch hub's note.
  ChangeMark& change_mark() { return change_mark_; }
  /// True when bytes arrived or a file went on since the last time it was asked.
  bool HasNewProgress();

  // Its work: see JobWork and SideWorks.
  void RunBeside(SideWork work) { work_.beside().Run(std::move(work)); }
  void RunLocalWork(LocalWork work) { work_.beside().RunLocal(std::move(work)); }
  /// Why nobody acts on local files now; OK when somebody does.
  absl::Status CheckLocalActor() const { return work_.beside().CheckLocalActor(); }
  /// Publishes the transferred files once the intent is committed. Call it once per
  /// BeginCompletion.
  void RunCompletion(JobWork::CompletionDone done) { work_.RunCompletion(std::move(done)); }
  /// A call of Complete: true when it is the first under way, which gives its answer to all of them
  /// by AnswerCompletion.
  bool AwaitCompletion(OutcomeDone done);
  void AnswerCompletion(const absl::StatusOr<JobOutcome>& outcome);

  /// The account directory is another: whoever acts for the job is looked at again. Work that is no
  /// longer right stops at once and goes on as whom the new directory says.
  void OnAccountsChanged() { work_.OnAccountsChanged(); }
  /// Goes on with what was under way before a restart.
  void GoOn() { work_.OnPlaceChanged(); }
  /// Stops the work and starts no more: the service is going down.
  void Shutdown(std::function<void()> stopped) { work_.Shutdown(std::move(stopped)); }

 private:
  // JobCore.
  void Changed(Deferred& deferred) override;

  Obstacles ObstaclesTo(bool runs) const;

  ChangeMark change_mark_{0};
  ChangeQueue changes_;
  JobWork work_;
  HeapOptional<std::vector<OutcomeDone>> completers_;
};
using JobPtr = std::shared_ptr<Job>;

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_H_
