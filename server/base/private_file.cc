#include "server/base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "server/base/unique_fd.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

absl::Status Refused(const std::string& path, const std::string& why) {
  return error::InvalidArgument(path + ": " + why);
}

constexpr int kMaxLinks = 16;
constexpr size_t kMaxTarget = 4096;

absl::Status CannotOpen(const std::string& path) {
  return Refused(path, std::string("cannot be opened: ") + std::strerror(errno));
}

absl::Status CheckOwner(const std::string& path, const struct stat& info, uid_t owner) {
  if (info.st_uid == 0 || info.st_uid == owner) return absl::OkStatus();
  return Refused(path, "belongs to uid " + std::to_string(info.st_uid) +
                           ": give it to root or to uid " + std::to_string(owner) + " (chown)");
}

/// `exception` is a mode bit under which others may write all the same.
absl::Status CheckMode(const std::string& path, const struct stat& info, mode_t exception) {
  const bool writable = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!writable || (info.st_mode & exception) != 0) return absl::OkStatus();
  return Refused(path, "may be written by its group or by others: take that away (chmod go-w)");
}

absl::Status CheckFolder(const std::string& path, int fd, uid_t owner) {
  struct stat info;
  if (fstat(fd, &info) != 0) return CannotOpen(path);
  if (absl::Status status = CheckOwner(path, info, owner); !status.ok()) return status;
  // In a sticky folder nobody else can replace what belongs to us.
  return CheckMode(path, info, S_ISVTX);
}

absl::Status CheckFile(const std::string& path, int fd, uid_t owner, Secrecy secrecy) {
  struct stat info;
  if (fstat(fd, &info) != 0) return CannotOpen(path);
  if (!S_ISREG(info.st_mode)) return Refused(path, "is no regular file");
  if (absl::Status status = CheckOwner(path, info, owner); !status.ok()) return status;
  if (absl::Status status = CheckMode(path, info, 0); !status.ok()) return status;
  if (secrecy != Secrecy::kPublic && (info.st_mode & S_IRWXO) != 0) {
    return Refused(path, "is a secret that others may read: take that away (chmod o=)");
  }
  if (secrecy == Secrecy::kOwn && (info.st_mode & S_IRWXG) != 0 && info.st_gid != getegid()) {
    return Refused(path, "is a secret that group " + std::to_string(info.st_gid) +
                             " may read: take that away (chmod g=), or give it to group " +
                             std::to_string(getegid()) + " (chgrp)");
  }
  return absl::OkStatus();
}

/// A name in a folder that was judged.
struct Place {
  std::string path;  ///< As it was written, for messages.
  UniqueFd folder;
  std::string name;
};

/// Opens the folder of `path`, which is relative to `base` unless it is absolute, and judges it.
absl::StatusOr<Place> FindPlace(int base, const std::string& path, uid_t owner) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  Place place{path, UniqueFd(openat(base, folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
              path.substr(slash + 1)};
  if (!place.folder.valid()) return CannotOpen(folder);
  if (absl::Status status = CheckFolder(folder, place.folder.get(), owner); !status.ok()) {
    return status;
  }
  return place;
}

/// Where the link at `place`, which must be ours, leads to; nothing when it is no link.
absl::StatusOr<std::optional<std::string>> TargetOf(const Place& place, uid_t owner) {
  const UniqueFd link(
      openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info;
  if (!link.valid() || fstat(link.get(), &info) != 0) return CannotOpen(place.path);
  if (!S_ISLNK(info.st_mode)) return std::optional<std::string>();
  if (absl::Status status = CheckOwner(place.path, info, owner); !status.ok()) return status;
  char target[kMaxTarget];
  const ssize_t size = readlinkat(link.get(), "", target, sizeof(target));
  if (size <= 0 || static_cast<size_t>(size) == sizeof(target)) return CannotOpen(place.path);
  return std::optional(std::string(target, static_cast<size_t>(size)));
}

/// Opens `path` through its folder and checks both, and so at every link on the way.
absl::StatusOr<UniqueFd> OpenPrivateFile(const std::string& path, uid_t owner, Secrecy secrecy) {
  if (path.empty() || path[0] != '/') return Refused(path, "is not an absolute path");
  absl::StatusOr<Place> place = FindPlace(AT_FDCWD, path, owner);
  for (int links = 0; place.ok() && links < kMaxLinks; ++links) {
    const auto target = TargetOf(*place, owner);
    if (!target.ok()) return target.status();
    if (target->has_value()) {
      place = FindPlace(place->folder.get(), **target, owner);
      continue;
    }
    // O_NONBLOCK: a FIFO must not hold us up.
    UniqueFd file(openat(place->folder.get(), place->name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file.valid()) return CannotOpen(path);
    absl::Status status = CheckFile(path, file.get(), owner, secrecy);
    if (!status.ok()) return status;
    return file;
  }
  if (!place.ok()) return place.status();
  return Refused(path, "leads through too many symbolic links");
}

absl::StatusOr<std::string> ReadAll(const std::string& path, int fd, size_t max_bytes) {
  std::string content;
  char buffer[64 * 1024];
  while (content.size() <= max_bytes) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Refused(path, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
  }
  return Refused(path, "is larger than " + std::to_string(max_bytes) + " bytes");
}

}  // namespace

absl::Status CheckPrivateFile(const std::string& path, uid_t owner, Secrecy secrecy) {
  return OpenPrivateFile(path, owner, secrecy).status();
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, uid_t owner, size_t max_bytes,
                                            Secrecy secrecy) {
  const absl::StatusOr<UniqueFd> file = OpenPrivateFile(path, owner, secrecy);
  if (!file.ok()) return file.status();
  return ReadAll(path, file->get(), max_bytes);
}

}  // namespace bitsd
