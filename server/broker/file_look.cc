#include "server/broker/file_look.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "server/broker/safe_path.h"

namespace bitsd {
namespace {

constexpr mode_t kSetIdOrSticky = 07000;

uint64_t NanosecondsOf(const struct statx_timestamp& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

absl::Time TimeOf(const struct statx_timestamp& time) {
  return absl::FromUnixSeconds(time.tv_sec) + absl::Nanoseconds(time.tv_nsec);
}

SeenFile SeenOf(const struct statx& file) {
  SeenFile seen;
  seen.id.device = makedev(file.stx_dev_major, file.stx_dev_minor);
  seen.id.inode = file.stx_ino;
  if ((file.stx_mask & STATX_BTIME) != 0) seen.id.birth = NanosecondsOf(file.stx_btime);
  seen.id.owner = file.stx_uid;
  seen.id.mode = file.stx_mode & 07777U;
  seen.type = file.stx_mode & static_cast<unsigned>(S_IFMT);
  seen.links = file.stx_nlink;
  seen.group = file.stx_gid;
  seen.size = file.stx_size;
  seen.fixed = (file.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
  seen.atime = TimeOf(file.stx_atime);
  seen.mtime = TimeOf(file.stx_mtime);
  return seen;
}

int Look(int fd, const char* name, int flags, struct statx* file) {
  return ::statx(fd, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                 STATX_BASIC_STATS | STATX_BTIME, file);
}

}  // namespace

bool SeenFile::IsRegular() const { return S_ISREG(type); }

absl::StatusOr<std::optional<SeenFile>> LookAt(int directory, const std::string& name,
                                               const std::string& path) {
  struct statx file {};
  if (Look(directory, name.c_str(), 0, &file) == 0) return SeenOf(file);
  if (errno == ENOENT) return std::optional<SeenFile>();
  return FileError(errno, "examine", path);
}

absl::StatusOr<SeenFile> LookAt(int fd, const std::string& path) {
  struct statx file {};
  if (Look(fd, "", AT_EMPTY_PATH, &file) == 0) return SeenOf(file);
  return FileError(errno, "examine", path);
}

bool IsRecordedFile(const FileId& recorded, const SeenFile& seen, MarkVerdict mark) {
  if (mark == MarkVerdict::kOther || seen.id.inode != recorded.inode) return false;
  const bool says_no_birth = seen.id.birth == 0 && mark == MarkVerdict::kSame;
  const bool same_birth = recorded.birth == 0 || recorded.birth == seen.id.birth || says_no_birth;
  return same_birth && (recorded.owner == FileId::kNotRecorded || recorded.owner == seen.id.owner);
}

bool IsRecordedTemporary(const FileId& recorded, const SeenFile& seen, MarkVerdict mark,
                         std::optional<mode_t> also_mode) {
  if (!IsRecordedFile(recorded, seen, mark)) return false;
  // Some file systems of the network and of FUSE do not count links.
  if (!seen.IsRegular() || seen.links > 1 || (seen.id.mode & kSetIdOrSticky) != 0) return false;
  const bool born_then = recorded.birth != 0 && recorded.birth == seen.id.birth;
  if (mark == MarkVerdict::kSame || born_then) return true;
  const mode_t created = recorded.mode == FileId::kNotRecorded ? kTemporaryMode : recorded.mode;
  return seen.id.mode == created || seen.id.mode == also_mode;
}

}  // namespace bitsd
