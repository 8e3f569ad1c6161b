// What is asked of folders: may files be put in place there, and are renames in them durable?
//
// Thread safety: calls that act as the calling process. Ownership: none.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_FOLDERS_H_
#define BITSD_SERVER_BROKER_FILES_FILE_FOLDERS_H_

#include <string>

#include "absl/status/status.h"
#include "server/broker/files/safe_path.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

/// kCheckDirectory.
absl::Status CheckFolder(const SafePaths& paths, const wire::FileRequest& request);

/// kSyncDirectory.
absl::Status SyncFolder(const SafePaths& paths, const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_FOLDERS_H_
