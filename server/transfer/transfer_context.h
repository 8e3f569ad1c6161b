// What every piece of transfer work is given. Thread safety: references to objects that are safe on
// any thread. Ownership: everything outlives the work.

#ifndef BITSD_SERVER_TRANSFER_TRANSFER_CONTEXT_H_
#define BITSD_SERVER_TRANSFER_TRANSFER_CONTEXT_H_

#include <memory>

#include "server/base/disk_pool.h"
#include "server/broker/file_broker.h"
#include "server/ops/audit.h"
#include "server/transfer/files/chunk.h"
#include "server/transfer/files/file_sync.h"
#include "server/transfer/http/http_engine.h"
#include "server/transfer/transfer_options.h"

namespace bitsd {

struct TransferContext {
  FileBroker& broker;
  AuditLog& audit;
  const TransferOptions& options;
  DiskPool& disks;
  FileSync& syncs;
  HttpEngine& engine;
  std::shared_ptr<ChunkPool> chunks;
  /// Keeps `options` alive: work goes on with those that it began with.
  std::shared_ptr<const TransferOptions> kept_options;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_TRANSFER_CONTEXT_H_
