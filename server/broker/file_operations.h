// The operations of file_broker.h, done as whoever the calling process is.
//
// A request comes from a server that may be compromised: every name is checked again here, only
// temporary names can be made, opened or removed, and reopen, publish and remove act only if the
// name still leads to the recorded file (file_look.h). What the process may not do, the kernel
// refuses.
//
// The files of one request share a folder, which is looked up and judged once: all of them are then
// made or renamed below that descriptor, wherever the path leads by then.
//
// Thread safety: none. Ownership: keeps a reference to the paths it was made with.

#ifndef BITSD_SERVER_BROKER_FILE_OPERATIONS_H_
#define BITSD_SERVER_BROKER_FILE_OPERATIONS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/unique_fd.h"
#include "server/broker/file_look.h"
#include "server/broker/file_rights.h"
#include "server/broker/safe_path.h"
#include "server/broker/wire.h"

namespace bitsd {

/// ".BIT", 16 lower-case hexadecimal digits, ".tmp".
bool IsTemporaryName(std::string_view name);

class FileOperations {
 public:
  struct Result {
    absl::Status status;
    /// The files that were done, in order; `status` is about the one after them.
    std::vector<FileId> ids;
    std::vector<UniqueFd> fds;
    std::vector<uint32_t> not_set = {};  ///< Of files that were published: FileNotSet.
  };

  explicit FileOperations(const SafePaths& paths) : paths_(paths) {}

  Result Perform(const wire::FileRequest& request) const;

  /// Takes back a creation whose answer nobody received.
  void Undo(const wire::FileRequest& request, const Result& result) const;

 private:
  struct Place;

  absl::StatusOr<Place> Find(const std::string& path) const;
  absl::StatusOr<Place> FindTemporary(const std::string& path) const;
  absl::Status CheckDirectory(const wire::FileRequest& request) const;
  absl::Status SyncDirectory(const std::string& path) const;
  Result Create(const wire::FileRequest& request) const;
  absl::Status CreateNext(const Place& place, const std::string& name, mode_t umask,
                          Result* result) const;
  static absl::Status CheckPrivacy(const Place& place, const SeenFile& created, mode_t umask,
                                   const std::string& path);
  Result Reopen(const wire::FileRequest& request) const;
  absl::StatusOr<SeenFile> LookAtTemporary(const Place& place, const std::string& name) const;
  Result Publish(const wire::FileRequest& request) const;
  absl::Status PublishNext(const Place& place, const wire::NextFile& file, const FileRights& rights,
                           Result* result) const;
  absl::Status PublishIn(const Place& place, const wire::NextFile& file,
                         const FileRights& new_rights, uint32_t* not_set) const;
  static absl::Status Prepare(const Place& place, const wire::NextFile& file, const SeenFile& seen,
                              const FileRights& rights, UniqueFd* fd, uint32_t* not_set);
  static absl::Status Rename(const Place& place, const wire::NextFile& file, const SeenFile& seen);
  static absl::Status CheckInPlace(const Place& place, const wire::NextFile& file,
                                   const std::optional<SeenFile>& there);
  absl::StatusOr<std::optional<SeenFile>> LookAtDestination(const Place& place,
                                                            const std::string& name) const;
  Result OpenPem(const wire::FileRequest& request) const;
  absl::Status Remove(const wire::FileRequest& request) const;

  const SafePaths& paths_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILE_OPERATIONS_H_
