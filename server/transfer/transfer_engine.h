// The transfer service: files through the broker, data by a bounded disk pool, and from servers by
// the protocol that a file's remote name begins with.
//
// Thread safety: as TransferService. Ownership: broker and audit log must outlive it; every
// activity must be stopped or ended, and destroyed, before it. Its destructor waits for cleanups
// and checks under way. Stop waits for a disk operation that hangs, for as long as it hangs; a name
// look-up under way is abandoned, and has a place of its owner's until it ends (resolver.h).

#ifndef BITSD_SERVER_TRANSFER_TRANSFER_ENGINE_H_
#define BITSD_SERVER_TRANSFER_TRANSFER_ENGINE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/base/disk_pool.h"
#include "server/broker/file_broker.h"
#include "server/model/transfer_service.h"
#include "server/ops/audit.h"
#include "server/transfer/common/chunk.h"
#include "server/transfer/common/protocol.h"
#include "server/transfer/common/transfer_options.h"
#include "server/transfer/files/file_sync.h"
#include "server/transfer/files/identity_strands.h"
#include "server/transfer/http/http_protocol.h"

namespace bitsd {

class TransferEngine : public TransferService {
 public:
  TransferEngine(FileBroker& broker, AuditLog& audit, TransferOptions options);

  std::unique_ptr<Activity> StartDownload(DownloadTask task,
                                          std::shared_ptr<DownloadEvents> events) override;
  std::unique_ptr<Activity> StartCompletion(
      CompletionTask task,
      std::function<void(std::vector<PlacedFile>, absl::Status)> done) override;
  std::unique_ptr<Activity> StartCleanup(CleanupTask task, CleanupDone done) override;
  std::unique_ptr<Activity> StartCheck(CheckTask task,
                                       std::function<void(absl::Status)> done) override;
  std::unique_ptr<Activity> StartLook(LookTask task,
                                      std::function<void(std::vector<uint32_t>)> done) override;

  /// What begins from now on follows `options`. The threads and idle connections stay.
  void Reconfigure(TransferOptions options);

 private:
  std::shared_ptr<const TransferOptions> CurrentOptions() const;
  /// The one whose scheme it has.
  Protocol& ProtocolOf(const std::string& remote_name);

  FileBroker& broker_;
  AuditLog& audit_;
  mutable std::mutex options_mutex_;
  std::shared_ptr<const TransferOptions> options_;
  const std::shared_ptr<ChunkPool> chunks_;
  // Destroyed in this order: the protocols, then the disk pool, which runs what is left, then the
  // rest.
  IdentityStrands checks_;
  FileSync syncs_;
  DiskPool disks_;
  HttpProtocol http_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_TRANSFER_ENGINE_H_
