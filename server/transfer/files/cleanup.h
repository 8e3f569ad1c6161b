// Removes temporary files, each as its creator while that identity is at hand, else as the owner.
//
// Thread safety: pure but for the broker; blocks. Call it on a disk thread.

#ifndef BITSD_SERVER_TRANSFER_FILES_CLEANUP_H_
#define BITSD_SERVER_TRANSFER_FILES_CLEANUP_H_

#include <vector>

#include "server/broker/file_broker.h"
#include "server/model/transfer_service.h"
#include "server/ops/audit.h"
#include "server/transfer/files/errand.h"

namespace bitsd {

struct CleanupEnd {
  std::vector<TemporaryFile> left;     ///< They could not be removed.
  std::vector<TemporaryFile> untried;  ///< It was stopped before them.
};

/// Removes the files of `task` while it may go on.
CleanupEnd RemoveTemporaries(FileBroker& broker, AuditLog& audit, const CleanupTask& task,
                             const Errand::GoesOn& goes_on);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_CLEANUP_H_
