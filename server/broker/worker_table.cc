#include "server/broker/worker_table.h"

#include <algorithm>
#include <string>

#include "server/error/errors.h"

namespace bitsd {

absl::Status WorkerTable::Admit(const PosixIdentity& identity) const {
  if (workers_.size() >= kMaxWorkers) {
    return error::Unavailable("all " + std::to_string(kMaxWorkers) +
                              " workers of the broker are busy: try again later");
  }
  const auto same = std::count_if(workers_.begin(), workers_.end(), [&](const auto& worker) {
    return worker.second.who.posix == identity;
  });
  if (static_cast<size_t>(same) < kMaxWorkersPerIdentity) return absl::OkStatus();
  return error::Unavailable("a file system does not answer uid " + std::to_string(identity.uid) +
                            ": " + std::to_string(same) + " operations wait for it");
}

size_t WorkerTable::EndUnless(const std::function<bool(const wire::OpenWorkerRequest&)>& may_stay) {
  size_t ended = 0;
  for (auto& [pid, worker] : workers_) {
    if (!worker.lifeline.valid() || may_stay(worker.who)) continue;
    worker.lifeline.Reset();
    ++ended;
  }
  return ended;
}

}  // namespace bitsd
