// The workers that live, and how many more there may be.
//
// The broker could not kill a worker: it is somebody else. A worker that hangs counts until it has
// ended. Thread safety: none; the broker has one thread.

#ifndef BITSD_SERVER_BROKER_WORKER_TABLE_H_
#define BITSD_SERVER_BROKER_WORKER_TABLE_H_

#include "absl/status/status.h"
#include "server/broker/child_table.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

class WorkerTable : public ChildTable<wire::OpenWorkerRequest> {
 public:
  static constexpr size_t kMaxWorkers = 256;
  static constexpr size_t kMaxWorkersPerIdentity = 4;

  /// kUnavailable when there are too many workers, of all or of `who`, to start one more. Accounts
  /// that share a POSIX identity do not share its bound: one that hangs costs itself alone.
  absl::Status Admit(const wire::OpenWorkerRequest& who) const;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WORKER_TABLE_H_
