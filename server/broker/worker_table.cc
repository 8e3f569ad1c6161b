#include "server/broker/worker_table.h"

#include <string>

#include "server/error/errors.h"

namespace bitsd {

absl::Status WorkerTable::Admit(const wire::OpenWorkerRequest& who) const {
  if (size() >= kMaxWorkers) {
    return error::Unavailable("all " + std::to_string(kMaxWorkers) +
                              " workers of the broker are busy: try again later");
  }
  const size_t same = Count([&](const wire::OpenWorkerRequest& worker) {
    return worker.sid == who.sid && worker.posix == who.posix;
  });
  if (same < kMaxWorkersPerIdentity) return absl::OkStatus();
  return error::Unavailable("a file system does not answer uid " + std::to_string(who.posix.uid) +
                            ": " + std::to_string(same) + " operations wait for it");
}

}  // namespace bitsd
