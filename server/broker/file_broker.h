// Local files, opened as somebody: the server's only way to a job's files.
//
// The implementation talks to the broker process (broker_client.h); tests wrap it to inject errors.
// Every call blocks, for at most the deadline the broker client was made with: call it on disk
// threads only. Thread safety: any thread. Ownership: descriptors returned belong to the caller.
//
// Errors: E_ACCESSDENIED with the rule that refused (path_protected, path_is_link, not_permitted,
// file_replaced, unknown_identity, ...); ERROR_DISK_FULL; kUnavailable when the broker or the file
// system does not answer in time: try again later.

#ifndef BITSD_SERVER_BROKER_FILE_BROKER_H_
#define BITSD_SERVER_BROKER_FILE_BROKER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/broker/file_id.h"
#include "server/broker/unique_fd.h"
#include "server/identity/access_token.h"

namespace bitsd {

/// An open temporary file.
struct OpenTemporary {
  UniqueFd fd;  ///< Read and write, close-on-exec.
  FileId id;
};

class FileBroker {
 public:
  virtual ~FileBroker() = default;

  /// May `who` create and rename files in `directory`? Opens nothing that outlives the call.
  virtual absl::Status CheckDirectory(const ActingIdentity& who, const std::string& directory) = 0;

  /// Creates `path`, which must not exist, with mode 0600.
  virtual absl::StatusOr<OpenTemporary> CreateTemporary(const ActingIdentity& who,
                                                        const std::string& path) = 0;

  /// Opens `path` if it still is `id`.
  virtual absl::StatusOr<UniqueFd> ReopenTemporary(const ActingIdentity& who,
                                                   const std::string& path, FileId id) = 0;

  /// Gives `temporary`, if it still is `id`, the mode 0666 & ~umask of `who` and the time `mtime`
  /// (InfinitePast: leaves it), and renames it to `destination` in the same directory, replacing a
  /// regular file there. Succeeds too when `destination` already is `id` and `temporary` is gone.
  virtual absl::Status Publish(const ActingIdentity& who, const std::string& temporary, FileId id,
                               const std::string& destination, absl::Time mtime) = 0;

  /// Removes `path` if it still is `id`; OK when it is gone.
  virtual absl::Status RemoveTemporary(const ActingIdentity& who, const std::string& path,
                                       FileId id) = 0;

  /// Makes renames in `directory` durable.
  virtual absl::Status SyncDirectory(const ActingIdentity& who, const std::string& directory) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILE_BROKER_H_
