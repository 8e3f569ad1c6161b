// The workers of one identity, as the server uses them: as a rule one, and more only beside one
// that hangs.
//
// One operation per worker at a time. Who finds the only worker slow is given another one, so that
// a file system that hangs holds up the operations in its own folder and nobody else's. A worker
// whose operation ran over its deadline is given up: nobody hears its answer, and until it ends
// nothing more is asked of that folder. All of them together are never more than the broker allows.
//
// Thread safety: any thread. Ownership: owns the workers' channels; a lease must end before its
// crew.

#ifndef BITSD_SERVER_BROKER_WORKER_CREW_H_
#define BITSD_SERVER_BROKER_WORKER_CREW_H_

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "server/base/unique_fd.h"
#include "server/broker/wire/channel.h"

namespace bitsd {

class WorkerCrew {
 public:
  /// A worker that was lent for one operation.
  struct Worker {
    UniqueFd channel;    ///< Invalid until the first operation, and after a failure.
    std::string folder;  ///< Of the operation under way; empty when that changes nothing there.
    Deadline since;
    bool busy = false;
  };
  struct EndLease {
    WorkerCrew* crew = nullptr;
    void operator()(Worker* worker) const { crew->GiveBack(worker); }
  };
  using Lease = std::unique_ptr<Worker, EndLease>;

  /// Waits for a worker; null when none came before `deadline`, and at once when `folder` hangs, or
  /// every worker that there may be.
  Lease Take(const std::string& folder, Deadline deadline);

  /// The operation of `worker`, which is lent, ran over its deadline.
  void GiveUp(Worker& worker);

 private:
  struct Lost {
    UniqueFd channel;
    std::string folder;
  };

  Lease TakeLocked(Worker& worker, const std::string& folder);
  bool HangsLocked(const std::string& folder);
  bool AllLostLocked() const;
  bool MayGrowLocked(const std::string& folder, Deadline now) const;
  Deadline NextLookLocked(Deadline deadline) const;
  void GiveBack(Worker* worker);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Worker> workers_;
  std::list<Lost> lost_;  ///< Given up, and not ended yet.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WORKER_CREW_H_
