// The workers that live, and how many more there may be.
//
// A worker ends when its lifeline is let go, once it has answered what it is doing. The broker
// could not kill it: it is somebody else. A worker that hangs counts until it has ended. Thread
// safety: none; the broker has one thread.

#ifndef BITSD_SERVER_BROKER_WORKER_TABLE_H_
#define BITSD_SERVER_BROKER_WORKER_TABLE_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "server/broker/unique_fd.h"
#include "server/broker/wire.h"
#include "server/identity/access_token.h"

namespace bitsd {

class WorkerTable {
 public:
  static constexpr size_t kMaxWorkers = 256;
  static constexpr size_t kMaxWorkersPerIdentity = 4;

  /// kUnavailable when there are too many workers, of all or of `identity`, to start one more.
  absl::Status Admit(const PosixIdentity& identity) const;

  /// `lifeline` is the end of a pipe whose other end the worker watches.
  void Add(pid_t worker, wire::OpenWorkerRequest who, UniqueFd lifeline) {
    workers_.insert_or_assign(worker, Worker{std::move(who), std::move(lifeline)});
  }
  void Remove(pid_t worker) { workers_.erase(worker); }

  /// Lets those workers end that `may_stay` does not hold for. How many these were.
  size_t EndUnless(const std::function<bool(const wire::OpenWorkerRequest&)>& may_stay);

 private:
  struct Worker {
    wire::OpenWorkerRequest who;
    UniqueFd lifeline;
  };
  std::map<pid_t, Worker> workers_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WORKER_TABLE_H_
