#include "server/ops/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "server/broker/unique_fd.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

absl::Status Refused(const std::string& path, const std::string& why) {
  return error::InvalidArgument(path + ": " + why);
}

absl::Status CannotOpen(const std::string& path) {
  if (errno == ELOOP) return Refused(path, "is a symbolic link: name the file itself");
  return Refused(path, std::string("cannot be opened: ") + std::strerror(errno));
}

absl::Status CheckOwner(const std::string& path, const struct stat& info, uid_t owner) {
  if (info.st_uid != 0 && info.st_uid != owner) {
    return Refused(path, "belongs to uid " + std::to_string(info.st_uid) +
                             ": give it to root or to uid " + std::to_string(owner) + " (chown)");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Refused(path, "may be written by its group or by others: take that away (chmod go-w)");
  }
  return absl::OkStatus();
}

absl::Status CheckFolder(const std::string& path, int fd, uid_t owner) {
  struct stat info;
  if (fstat(fd, &info) != 0) return CannotOpen(path);
  return CheckOwner(path, info, owner);
}

absl::Status CheckFile(const std::string& path, int fd, uid_t owner, Secrecy secrecy) {
  struct stat info;
  if (fstat(fd, &info) != 0) return CannotOpen(path);
  if (!S_ISREG(info.st_mode)) return Refused(path, "is no regular file");
  if (absl::Status status = CheckOwner(path, info, owner); !status.ok()) return status;
  if (secrecy == Secrecy::kSecret && (info.st_mode & S_IRWXO) != 0) {
    return Refused(path, "is a secret that others may read: take that away (chmod o=)");
  }
  return absl::OkStatus();
}

/// Opens `path` through its folder and checks both.
absl::StatusOr<UniqueFd> OpenPrivateFile(const std::string& path, uid_t owner, Secrecy secrecy) {
  const size_t slash = path.rfind('/');
  if (path.empty() || path[0] != '/') return Refused(path, "is not an absolute path");
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  const UniqueFd parent(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid()) return CannotOpen(folder);
  if (absl::Status status = CheckFolder(folder, parent.get(), owner); !status.ok()) return status;
  // O_NONBLOCK: a FIFO must not hold us up.
  UniqueFd file(openat(parent.get(), path.c_str() + slash + 1,
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return CannotOpen(path);
  if (absl::Status status = CheckFile(path, file.get(), owner, secrecy); !status.ok()) {
    return status;
  }
  return file;
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
