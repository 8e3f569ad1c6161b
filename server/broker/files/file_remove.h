// Removes a temporary file, if its name still leads to the recorded one.
//
// Thread safety: calls that act as the calling process. Ownership: none.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_REMOVE_H_
#define BITSD_SERVER_BROKER_FILES_FILE_REMOVE_H_

#include <string>

#include "absl/status/status.h"
#include "server/broker/files/file_look.h"
#include "server/broker/files/safe_path.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

/// kRemoveTemporary.
absl::Status RemoveTemporary(const SafePaths& paths, const wire::FileRequest& request);

/// Removes `name`, which is `file`. A name can change after it was looked at: what is gone must be
/// that file.
absl::Status RemoveSeen(int directory, const std::string& name, const SeenFile& file,
                        const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_REMOVE_H_
