// The places for running jobs: at most so many at once, first come first served.
//
// Thread safety: any thread. `granted` runs without a lock of this class held. Ownership: waiting
// functions are owned until they run or are withdrawn.

#ifndef BITSD_SERVER_JOB_RUN_SLOTS_H_
#define BITSD_SERVER_JOB_RUN_SLOTS_H_

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <utility>

#include "server/job/job_id.h"

namespace bitsd {

class RunSlots {
 public:
  explicit RunSlots(size_t slots) : free_(slots) {}

  /// Takes a place now (true), or queues up: `granted` runs once the place is taken.
  bool Take(const JobId& job, std::function<void()> granted);
  /// Leaves the queue. False when the place was granted already: then it must be given back.
  bool Leave(const JobId& job);
  void GiveBack();

 private:
  std::mutex mutex_;
  size_t free_;
  std::list<std::pair<JobId, std::function<void()>>> waiting_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_RUN_SLOTS_H_
