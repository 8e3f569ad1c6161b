// The workers that live, and how many more there may be.
//
// A worker that hangs counts until it has ended. Thread safety: none; the broker has one thread.

#ifndef BITSD_SERVER_BROKER_WORKER_TABLE_H_
#define BITSD_SERVER_BROKER_WORKER_TABLE_H_

#include <sys/types.h>

#include <map>

#include "absl/status/status.h"
#include "server/identity/access_token.h"

namespace bitsd {

class WorkerTable {
 public:
  static constexpr size_t kMaxWorkers = 256;
  static constexpr size_t kMaxWorkersPerIdentity = 4;

  /// kUnavailable when there are too many workers, of all or of `identity`, to start one more.
  absl::Status Admit(const PosixIdentity& identity) const;

  void Add(pid_t worker, PosixIdentity identity) { workers_[worker] = std::move(identity); }
  void Remove(pid_t worker) { workers_.erase(worker); }

 private:
  std::map<pid_t, PosixIdentity> workers_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WORKER_TABLE_H_
