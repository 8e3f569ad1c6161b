// A name of a request in its folder, which was looked up and judged once: what is done with the
// name is done below that descriptor, wherever the path leads by then.
//
// Thread safety: pure functions, and calls that act as the calling process. Ownership: a place owns
// its descriptor.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_PLACE_H_
#define BITSD_SERVER_BROKER_FILES_FILE_PLACE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/broker/files/file_look.h"
#include "server/broker/files/safe_path.h"

namespace bitsd {

/// ".BIT", 16 lower-case hexadecimal digits, ".tmp".
bool IsTemporaryName(std::string_view name);

/// What follows the last slash of `path`.
std::string NameOf(const std::string& path);

/// A name in an opened folder.
struct FilePlace {
  UniqueFd directory;  ///< Invalid: there is no such folder.
  FileId id;           ///< Of the folder.
  std::string folder;  ///< Its path, for messages.
  std::string name;

  /// For messages.
  std::string PathOf(const std::string& file) const {
    return folder == "/" ? "/" + file : folder + "/" + file;
  }
};

/// The place of `path`, in a folder that jobs may reach, and whose name is not protected.
absl::StatusOr<FilePlace> FindPlace(const SafePaths& paths, const std::string& path);

/// The same for the name of a temporary file; E_INVALIDARG for another.
absl::StatusOr<FilePlace> FindTemporary(const SafePaths& paths, const std::string& path);

/// `name`, one more in the folder of `place`, is that of a temporary file and not protected.
absl::Status CheckTemporaryName(const SafePaths& paths, const FilePlace& place,
                                const std::string& name);

/// The regular file `name`, which is not protected; file_replaced when it is gone.
absl::StatusOr<SeenFile> LookAtTemporary(const SafePaths& paths, const FilePlace& place,
                                         const std::string& name);

/// What `name` leads to, if anything: a regular file that may be replaced.
absl::StatusOr<std::optional<SeenFile>> LookAtDestination(const SafePaths& paths,
                                                          const FilePlace& place,
                                                          const std::string& name);

/// Refusals of a file, E_ACCESSDENIED: file_replaced; path_is_link or path_not_regular.
absl::Status Replaced(const std::string& path);
absl::Status NotRegular(const SeenFile& file, const std::string& path);

/// E_INVALIDARG: a destination is not in the folder of its temporary file.
absl::Status LeavesFolder(const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_PLACE_H_
