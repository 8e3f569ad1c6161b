// Puts transferred files in place: publishes each, then makes their directories durable.
//
// Thread safety: any thread. Ownership: shared by its task and the Activity that stands for it.

#ifndef BITSD_SERVER_TRANSFER_FILES_COMPLETION_H_
#define BITSD_SERVER_TRANSFER_FILES_COMPLETION_H_

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/disk_pool.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/job_files.h"

namespace bitsd {

class Completion : public std::enable_shared_from_this<Completion> {
 public:
  using Done = std::function<void(std::vector<PlacedFile>, absl::Status)>;
  /// When a file was last changed at its source; InfinitePast: nobody knows.
  using ModifiedAt = std::function<absl::Time(const FileRecord&)>;

  Completion(FileBroker& broker, AuditLog& audit, std::shared_ptr<Strand> strand,
             CompletionTask task, ModifiedAt modified_at, Done done);

  void Start();
  /// Ends it between two messages to the broker. `done` runs before `stopped`.
  void Stop(std::function<void()> stopped);

 private:
  void Run();
  absl::Status PublishAll(std::vector<PlacedFile>& published);
  absl::Status PublishTogether(std::span<const uint32_t> todo, std::vector<PlacedFile>& published);
  absl::Status SyncDirectories(std::vector<PlacedFile>& published);

  const std::shared_ptr<Strand> strand_;
  const CompletionTask task_;
  const JobFiles files_;
  const ModifiedAt modified_at_;
  const Done done_;
  std::atomic<bool> stopping_{false};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_COMPLETION_H_
