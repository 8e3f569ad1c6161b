// Work beside the transfer of a job, short, as somebody too: checks of folders, looks at files,
// cleanups. It is started, stopped when whoever acts in it may not any more, and waited for.
//
// Thread safety: Run, RunLocal and CheckLocalActor are for any thread, without the job's lock;
// everything else is called with it. Ownership: a part of its job; owns the work.

#ifndef BITSD_SERVER_JOB_SIDE_WORKS_H_
#define BITSD_SERVER_JOB_SIDE_WORKS_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/base/heap_optional.h"
#include "server/job/acting.h"
#include "server/job/change_queue.h"
#include "server/job/job_core.h"
#include "server/job/owner_presence.h"
#include "server/job/stoppable_work.h"

namespace bitsd {

struct SideWork {
  /// False: whoever acts in it may not any more. Asked with the job's lock held.
  std::function<bool(const JobVersion& in_force)> is_right;
  /// Starts it. `ended` is to be called when it has ended by itself, before anything else is done
  /// with what came of it.
  std::function<std::unique_ptr<Activity>(std::function<void()> ended)> start;
  /// It was stopped before it ended, or did not begin: it is not right any more.
  std::function<void()> interrupted;
};

/// What is begun as who acts on local files now.
struct LocalWork {
  std::function<std::unique_ptr<Activity>(const ActingIdentity& who, const policy::LoanLimits& loan,
                                          std::function<void()> ended)>
      start;
  /// It was not done. OK: who acts is just changing, ask again; else why nobody acts.
  std::function<void(absl::Status)> not_done;
};

class SideWorks {
 public:
  SideWorks(JobCore& core, ChangeQueue& changes, OwnerPresence& presence)
      : core_(core), changes_(changes), presence_(presence) {}

  void Run(SideWork work);
  /// The same as who acts on local files, as long as that is the same identity.
  void RunLocal(LocalWork work);
  /// Why nobody acts on local files now; OK when somebody does.
  absl::Status CheckLocalActor() const;

  /// Stops what is not right any more.
  void Evaluate(Deferred& deferred);
  /// `answer` waits for everything that is stopping.
  void AwaitStops(const ChangeAnswerPtr& answer);
  /// Keeps `part` until what is stopping has stopped.
  void Hold(const std::shared_ptr<void>& part);
  /// From now on nothing is right.
  void Shutdown() { shut_down_ = true; }

 private:
  struct Work : StoppableWork {
    std::function<bool(const JobVersion&)> is_right;
    std::function<void()> interrupted;
  };
  using WorkPtr = std::shared_ptr<Work>;

  /// As who acts now; kCancelled: that is just changing.
  absl::StatusOr<LocalActor> ActorNow(Attachment& presence) const;
  void Stop(const WorkPtr& work, Deferred& deferred);
  void LetGo(const WorkPtr& work, Deferred& deferred);
  void OnEnded(const WorkPtr& work);
  void OnStopped(const WorkPtr& work);

  JobCore& core_;
  ChangeQueue& changes_;
  OwnerPresence& presence_;
  HeapOptional<std::vector<WorkPtr>> works_;
  bool shut_down_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SIDE_WORKS_H_
