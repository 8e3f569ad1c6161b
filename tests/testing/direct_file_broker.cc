#include "tests/testing/direct_file_broker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "server/error/errors.h"

namespace bitsd::tests {
namespace {

FileId IdOf(const struct stat& info) { return {info.st_dev, info.st_ino}; }

bool Is(const std::string& path, FileId id) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && IdOf(info) == id;
}

absl::Status Denied(const std::string& path) {
  return error::AccessDenied(Rule::kNotPermitted, "the kernel refused " + path);
}

absl::Status Replaced(const std::string& path) {
  return error::AccessDenied(Rule::kFileReplaced, path + " is not the recorded file");
}

}  // namespace

absl::Status DirectFileBroker::Ask(const char* operation, const std::string& path) const {
  return before ? before(operation, path) : absl::OkStatus();
}

absl::Status DirectFileBroker::CheckDirectory(const ActingIdentity&, const std::string& directory) {
  if (absl::Status asked = Ask("check", directory); !asked.ok()) return asked;
  return access(directory.c_str(), W_OK | X_OK) == 0 ? absl::OkStatus() : Denied(directory);
}

absl::StatusOr<OpenTemporary> DirectFileBroker::CreateTemporary(const ActingIdentity&,
                                                                const std::string& path) {
  if (absl::Status asked = Ask("create", path); !asked.ok()) return asked;
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) return Denied(path);
  return OpenTemporary{std::move(fd), IdOf(info)};
}

absl::StatusOr<UniqueFd> DirectFileBroker::ReopenTemporary(const ActingIdentity&,
                                                           const std::string& path, FileId id) {
  if (absl::Status asked = Ask("reopen", path); !asked.ok()) return asked;
  if (!Is(path, id)) return Replaced(path);
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return Denied(path);
  return fd;
}

absl::Status DirectFileBroker::Publish(const ActingIdentity& who, const std::string& temporary,
                                       FileId id, const std::string& destination,
                                       absl::Time mtime) {
  if (absl::Status asked = Ask("publish", destination); !asked.ok()) return asked;
  if (!Is(temporary, id)) {
    return Is(destination, id) ? absl::OkStatus() : Replaced(temporary);
  }
  const timespec omit{0, UTIME_OMIT};
  const timespec times[2] = {omit, mtime == absl::InfinitePast() ? omit : absl::ToTimespec(mtime)};
  if (chmod(temporary.c_str(), 0666 & ~who.umask) != 0 ||
      utimensat(AT_FDCWD, temporary.c_str(), times, 0) != 0 ||
      rename(temporary.c_str(), destination.c_str()) != 0) {
    return Denied(destination);
  }
  return absl::OkStatus();
}

absl::Status DirectFileBroker::RemoveTemporary(const ActingIdentity&, const std::string& path,
                                               FileId id) {
  if (absl::Status asked = Ask("remove", path); !asked.ok()) return asked;
  if (access(path.c_str(), F_OK) != 0) return absl::OkStatus();
  if (!Is(path, id)) return Replaced(path);
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : Denied(path);
}

absl::Status DirectFileBroker::SyncDirectory(const ActingIdentity&, const std::string& directory) {
  if (absl::Status asked = Ask("sync", directory); !asked.ok()) return asked;
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.valid() && fsync(fd.get()) == 0 ? absl::OkStatus() : Denied(directory);
}

}  // namespace bitsd::tests
