#include "server/broker/files/file_operations.h"

#include "server/broker/files/file_create.h"
#include "server/broker/files/file_folders.h"
#include "server/broker/files/file_open.h"
#include "server/broker/files/file_publish.h"
#include "server/broker/files/file_remove.h"
#include "server/error/errors.h"

namespace bitsd {

FileResult FileOperations::Perform(const wire::FileRequest& request) const {
  switch (request.operation) {
    case wire::Operation::kCheckDirectory: return {CheckFolder(paths_, request)};
    case wire::Operation::kCreateTemporary: return CreateTemporaries(paths_, request);
    case wire::Operation::kReopenTemporary: return ReopenTemporary(paths_, request);
    case wire::Operation::kCheckTemporary: return {CheckTemporary(paths_, request)};
    case wire::Operation::kPublish: return PublishFiles(paths_, request);
    case wire::Operation::kRemoveTemporary: return {RemoveTemporary(paths_, request)};
    case wire::Operation::kSyncDirectory: return {SyncFolder(paths_, request.path)};
    case wire::Operation::kOpenPem: return OpenPem(paths_, request.path);
    case wire::Operation::kOpenSource: return OpenSource(paths_, request.path);
    case wire::Operation::kOpenWorker:
    case wire::Operation::kOpenAgent: break;
  }
  return {error::InvalidArgument("not an operation of a worker")};
}

void FileOperations::Undo(const wire::FileRequest& request, const FileResult& result) const {
  if (request.operation != wire::Operation::kCreateTemporary) return;
  UndoCreation(paths_, request, result);
}

}  // namespace bitsd
