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
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/unique_fd.h"
#include "server/identity/access_token.h"
#include "server/model/file_id.h"

namespace bitsd {

/// An open temporary file.
struct OpenTemporary {
  UniqueFd fd;  ///< Read and write, close-on-exec.
  FileId id;
};

/// A file that is open to be read: what an upload sends.
struct OpenedSource {
  UniqueFd fd;  ///< Read only, close-on-exec.
  FileId id;    ///< Without a mark.
};

/// A temporary file to be put in place.
struct Publication {
  std::string temporary;
  FileId id;
  std::string destination;                  ///< In the same directory.
  absl::Time mtime = absl::InfinitePast();  ///< InfinitePast: stays as it is.
  uint64_t size = 0;                        ///< What it has at least.
};

class FileBroker {
 public:
  /// Files that one call creates or publishes, all in one directory.
  static constexpr size_t kMaxTogether = 32;

  virtual ~FileBroker() = default;

  /// May `who` create and rename files in `directory`? Opens nothing that outlives the call.
  virtual absl::Status CheckDirectory(const ActingIdentity& who, const std::string& directory) = 0;

  /// The same, and may files of `names`, at most kMaxTogether, be put in place there: is each
  /// nothing yet, or a regular file that is not protected?
  virtual absl::Status CheckDestinations(const ActingIdentity& who, const std::string& directory,
                                         const std::vector<std::string>& names) = 0;

  /// Creates `paths`, which must not exist, with mode 0600, one after the other until one cannot be
  /// created; those before it are in `created`.
  virtual absl::Status CreateTemporaries(const ActingIdentity& who,
                                         const std::vector<std::string>& paths,
                                         std::vector<OpenTemporary>* created) = 0;
  absl::StatusOr<OpenTemporary> CreateTemporary(const ActingIdentity& who, const std::string& path);

  /// Opens `path` if it still is `id`, whatever the device number is by now.
  virtual absl::StatusOr<UniqueFd> ReopenTemporary(const ActingIdentity& who,
                                                   const std::string& path, FileId id) = 0;

  /// Is `path` still `id`, a file of `size` bytes at least that `who` can put in place, or is it at
  /// `destination` already, in the same directory? Changes nothing; file_replaced, not_permitted
  /// and the like when not.
  virtual absl::Status CheckTemporary(const ActingIdentity& who, const std::string& path, FileId id,
                                      const std::string& destination, uint64_t size) = 0;

  /// Gives each temporary file, if it still is its `id` and has its `size`, its time and the rights
  /// that a file newly made there by `who` would have (0666 & ~umask, or what the folder's default
  /// ACL gives; those of a file of the same owner that it replaces), and renames it to its
  /// destination, replacing a regular file there. One whose destination already is its `id`, and
  /// whose temporary name is gone, is in place. Ends at the first that cannot be published.
  /// `published` gets for each file in place what its file system did not take: bits of FileNotSet.
  virtual absl::Status PublishFiles(const ActingIdentity& who,
                                    const std::vector<Publication>& files,
                                    std::vector<uint32_t>* published) = 0;
  absl::Status Publish(const ActingIdentity& who, const std::string& temporary, FileId id,
                       const std::string& destination, absl::Time mtime);

  /// Removes `path` if it still is `id`; OK when it is gone. With an `id` that is not known: if it
  /// is what a creation of `who` left that nobody recorded.
  virtual absl::Status RemoveTemporary(const ActingIdentity& who, const std::string& path,
                                       FileId id) = 0;

  /// Opens a regular file for reading only, to be read by ReadPemFile (pem_file.h): another is
  /// refused as there.
  virtual absl::StatusOr<UniqueFd> OpenPem(const ActingIdentity& who, const std::string& path) = 0;

  /// Opens a regular file for reading only. Pipes, devices and links are refused unopened.
  virtual absl::StatusOr<OpenedSource> OpenSource(const ActingIdentity& who,
                                                  const std::string& path) = 0;

  /// Makes renames in `directory` durable.
  virtual absl::Status SyncDirectory(const ActingIdentity& who, const std::string& directory) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILE_BROKER_H_
