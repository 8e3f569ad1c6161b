// Opens files of a job: temporary files to be written on, others to be read.
//
// Nothing but a regular file is opened: opening a device or a pipe can act, or wait. Thread safety:
// calls that act as the calling process. Ownership: descriptors belong to the caller.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_OPEN_H_
#define BITSD_SERVER_BROKER_FILES_FILE_OPEN_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/broker/files/file_look.h"
#include "server/broker/files/safe_path.h"
#include "server/broker/wire/file_result.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

/// kReopenTemporary.
FileResult ReopenTemporary(const SafePaths& paths, const wire::FileRequest& request);

/// kOpenPem: a file that holds a certificate or a key.
FileResult OpenPem(const SafePaths& paths, const std::string& path);

/// kOpenSource: any regular file.
FileResult OpenSource(const SafePaths& paths, const std::string& path);

/// Opens `name`, a regular file when it was looked at; what is opened is to be looked at again, as
/// names can change.
UniqueFd OpenSafely(int directory, const std::string& name, int access);

/// An open temporary file, which is the recorded one.
struct OpenRecorded {
  UniqueFd fd;
  SeenFile file;
};

/// Opens `name` if it is `recorded`, with the mode it was created with or with `also_mode`.
absl::StatusOr<OpenRecorded> OpenTemporaryFile(int directory, const std::string& name,
                                               const std::string& path, const FileId& recorded,
                                               int access,
                                               std::optional<mode_t> also_mode = std::nullopt);

/// What the mark of `name` says, as far as this identity may read it.
MarkVerdict MarkOf(int directory, const std::string& name, const FileId& recorded);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_OPEN_H_
