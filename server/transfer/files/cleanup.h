// Removes temporary files, each as its creator while that identity is at hand, else as the owner.
//
// Thread safety: pure but for the broker; blocks. Call it on a disk thread.

#ifndef BITSD_SERVER_TRANSFER_FILES_CLEANUP_H_
#define BITSD_SERVER_TRANSFER_FILES_CLEANUP_H_

#include <vector>

#include "server/broker/file_broker.h"
#include "server/job/transfer_service.h"
#include "server/ops/audit.h"

namespace bitsd {

/// Removes the files of `task`; returns those that are left.
std::vector<TemporaryFile> RemoveTemporaries(FileBroker& broker, AuditLog& audit,
                                             const CleanupTask& task);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_CLEANUP_H_
