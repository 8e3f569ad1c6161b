#include "server/broker/files/file_remove.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "server/broker/files/file_open.h"
#include "server/broker/files/file_place.h"
#include "server/broker/files/file_rights.h"

namespace bitsd {
namespace {

// This is not in <linux/magic.h> of every distribution.
constexpr uint32_t kXfs = 0x58465342;

/// What a creation left that was never recorded: ours, private, and known by no other name.
bool IsLeftover(const SeenFile& file) {
  return file.IsRegular() && file.id.owner == ::geteuid() && file.links == 1 &&
         file.id.mode == kTemporaryMode;
}

/// A file that is removed has one link less at once, also while somebody has it open. (Those of the
/// network and of FUSE give it another name then.)
bool CountsLinks(int directory) {
  constexpr auto kLocal = std::to_array<uint32_t>(
      {EXT4_SUPER_MAGIC, kXfs, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC});
  struct statfs system {};
  if (::fstatfs(directory, &system) != 0) return false;
  return std::find(kLocal.begin(), kLocal.end(), static_cast<uint32_t>(system.f_type)) !=
         kLocal.end();
}

/// A kill may have come after the file got the mode it was to have in place.
bool IsRecorded(const FilePlace& place, const SeenFile& file, const FileId& recorded,
                mode_t umask) {
  const int directory = place.directory.get();
  const auto rights = RightsOfNewFile(directory, umask, place.folder);
  const auto also_mode = rights.ok() ? std::optional(rights->mode) : std::nullopt;
  return IsRecordedTemporary(recorded, file, MarkOf(directory, place.name, recorded), also_mode);
}

}  // namespace

absl::Status RemoveSeen(int directory, const std::string& name, const SeenFile& file,
                        const std::string& path) {
  UniqueFd held;
  if (CountsLinks(directory)) {
    held.Reset(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    const auto now = held.valid() ? LookAt(held.get(), path) : file;
    if (!now.ok() || !IsSameFile(now->id, file.id)) return Replaced(path);
  }
  if (::unlinkat(directory, name.c_str(), 0) != 0) {
    return errno == ENOENT ? absl::OkStatus() : FileError(errno, "remove", path);
  }
  const auto after = held.valid() ? LookAt(held.get(), path) : absl::StatusOr<SeenFile>(file);
  const bool still_there =
      held.valid() && after.ok() && file.links > 0 && after->links >= file.links;
  return still_there ? Replaced(path) : absl::OkStatus();
}

absl::Status RemoveTemporary(const SafePaths& paths, const wire::FileRequest& request) {
  absl::StatusOr<FilePlace> place = FindTemporary(paths, request.path);
  if (!place.ok()) return place.status();
  if (!place->directory.valid()) return absl::OkStatus();
  const int directory = place->directory.get();
  auto found = LookAt(directory, place->name, request.path);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  const SeenFile& file = **found;
  if (!file.IsRegular()) return NotRegular(file, request.path);
  const bool is_it =
      request.id.known() ? IsRecorded(*place, file, request.id, request.umask) : IsLeftover(file);
  return is_it ? RemoveSeen(directory, place->name, file, request.path) : Replaced(request.path);
}

}  // namespace bitsd
