// A piece of work of a job that can be stopped, and those who wait for that.
//
// Thread safety: the job's lock. Ownership: owns the activity, which is let go on another thread:
// whoever says that it has stopped may be a part of it.

#ifndef BITSD_SERVER_JOB_STOPPABLE_WORK_H_
#define BITSD_SERVER_JOB_STOPPABLE_WORK_H_

#include <memory>
#include <utility>
#include <vector>

#include "server/base/timer.h"
#include "server/job/change_queue.h"
#include "server/model/transfer_service.h"

namespace bitsd {

struct StoppableWork {
  std::unique_ptr<Activity> activity;  ///< Null while it is being started.
  bool stopping = false;
  bool ended = false;  ///< By itself: it only has to be let go.
  std::vector<ChangeAnswerPtr> waiting;
  std::vector<std::shared_ptr<void>> held;  ///< Until it has stopped.

  void Await(const ChangeAnswerPtr& answer) {
    if (!stopping) return;
    ++answer->waits;
    waiting.push_back(answer);
  }
  /// Keeps `part` until it has stopped, if it is about to.
  void Hold(std::shared_ptr<void> part) {
    if (stopping || ended) held.push_back(std::move(part));
  }
  void LetActivityGo(Timer& timer) {
    timer.Post([last = std::shared_ptr<Activity>(std::move(activity))] {});
  }
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_STOPPABLE_WORK_H_
