// What every piece of transfer work is given. Thread safety: references to objects that are safe on
// any thread. Ownership: everything outlives the work.

#ifndef BITSD_SERVER_TRANSFER_COMMON_TRANSFER_CONTEXT_H_
#define BITSD_SERVER_TRANSFER_COMMON_TRANSFER_CONTEXT_H_

#include <memory>

#include "server/base/disk_pool.h"
#include "server/broker/file_broker.h"
#include "server/ops/audit.h"
#include "server/transfer/common/chunk.h"
#include "server/transfer/common/executor.h"
#include "server/transfer/common/transfer_options.h"

namespace bitsd {

struct TransferContext {
  FileBroker& broker;
  AuditLog& audit;
  /// Work goes on with those that it began with.
  std::shared_ptr<const TransferOptions> options;
  DiskPool& disks;
  Executor& executor;
  std::shared_ptr<ChunkPool> chunks;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_TRANSFER_CONTEXT_H_
