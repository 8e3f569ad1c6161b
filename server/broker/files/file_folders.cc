#include "server/broker/files/file_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "server/broker/files/file_place.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

absl::StatusOr<UniqueFd> OpenFolder(const SafePaths& paths, const std::string& path) {
  absl::Status status = path == "/" ? absl::OkStatus() : policy::CheckLocalName(path);
  if (!status.ok()) return status;
  return paths.OpenDirectory(path);
}

/// As far as it can be known: in a sticky folder only whose the file or the folder is replaces it.
bool MayReplace(const SeenFile& folder, const SeenFile& file) {
  const uid_t who = ::geteuid();
  const bool sticky = (folder.id.mode & S_ISVTX) != 0;
  const bool owns = who == 0 || file.id.owner == who || folder.id.owner == who;
  return !file.fixed && (!sticky || owns);
}

// A folder that may be written and not read cannot be opened for fsync: any file in it leads to its
// file system.
int SyncFileSystemOf(int directory) {
  const UniqueFd nameless(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  return nameless.valid() ? ::syncfs(nameless.get()) : -1;
}

}  // namespace

absl::Status CheckFolder(const SafePaths& paths, const wire::FileRequest& request) {
  const std::string& path = request.path;
  absl::StatusOr<UniqueFd> directory = OpenFolder(paths, path);
  if (!directory.ok()) return directory.status();
  // Real and effective identity are the same here, so that the plain check is the right one.
  if (::faccessat(directory->get(), ".", W_OK | X_OK, 0) != 0) {
    return FileError(errno, "create files in", path);
  }
  absl::StatusOr<SeenFile> folder = LookAt(directory->get(), path);
  if (!folder.ok()) return folder.status();
  const FilePlace place{*std::move(directory), folder->id, path, {}};
  for (const wire::NextFile& file : request.next) {
    const auto found = LookAtDestination(paths, place, file.destination);
    if (!found.ok()) return found.status();
    if (*found && !MayReplace(*folder, **found)) {
      return FileError(EPERM, "replace", place.PathOf(file.destination));
    }
  }
  return absl::OkStatus();
}

absl::Status SyncFolder(const SafePaths& paths, const std::string& path) {
  absl::StatusOr<UniqueFd> directory = OpenFolder(paths, path);
  if (!directory.ok()) return directory.status();
  const UniqueFd readable(::openat(directory->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int synced =
      readable.valid() ? ::fsync(readable.get()) : SyncFileSystemOf(directory->get());
  return synced == 0 ? absl::OkStatus() : FileError(errno, "sync", path);
}

}  // namespace bitsd
