// Creates temporary files, and takes back creations whose answer nobody received.
//
// Thread safety: calls that act as the calling process. Ownership: none.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_CREATE_H_
#define BITSD_SERVER_BROKER_FILES_FILE_CREATE_H_

#include "server/broker/files/safe_path.h"
#include "server/broker/wire/file_result.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

/// kCreateTemporary.
FileResult CreateTemporaries(const SafePaths& paths, const wire::FileRequest& request);

/// Removes what CreateTemporaries made for `request`.
void UndoCreation(const SafePaths& paths, const wire::FileRequest& request,
                  const FileResult& result);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_CREATE_H_
