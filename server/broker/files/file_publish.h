// Puts temporary files in place: gives each its time and rights, and renames it. Looks whether it
// could.
//
// Thread safety: calls that act as the calling process. Ownership: none.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_PUBLISH_H_
#define BITSD_SERVER_BROKER_FILES_FILE_PUBLISH_H_

#include "absl/status/status.h"
#include "server/broker/files/safe_path.h"
#include "server/broker/wire/file_result.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

/// kPublish.
FileResult PublishFiles(const SafePaths& paths, const wire::FileRequest& request);

/// kCheckTemporary. What is wrong with the destination is no matter here: the file is there for
/// another try.
absl::Status CheckTemporary(const SafePaths& paths, const wire::FileRequest& request);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_PUBLISH_H_
