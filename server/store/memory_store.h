// A JobStore that keeps everything in memory: a restart of the service forgets its jobs.
//
// Thread safety: any thread; Commit calls `done` before it returns. Ownership: the store owns its
// maps, records are shared.

#ifndef BITSD_SERVER_STORE_MEMORY_STORE_H_
#define BITSD_SERVER_STORE_MEMORY_STORE_H_

#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "server/model/job_store.h"

namespace bitsd {

class MemoryStore : public JobStore {
 public:
  absl::Status Load(const StoreVisitor& visitor) override;
  void Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) override;
  bool keeps_secrets() const override { return false; }
  void Stop() override {}

  /// The record of `id` as committed, or null.
  JobRecordPtr Find(const JobId& id) const;

 private:
  mutable std::mutex mutex_;
  uint64_t starts_ = 0;
  absl::flat_hash_map<JobId, JobRecordPtr> jobs_;
  absl::flat_hash_map<std::pair<Sid, std::string>, RequestRecord> requests_;
  absl::flat_hash_map<SessionId, SessionRecord> sessions_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_MEMORY_STORE_H_
