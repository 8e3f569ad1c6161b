#include "tests/testing/fakes/direct_file_broker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "server/error/errors.h"

namespace bitsd::tests {
namespace {

FileId IdOf(const struct stat& info) {
  FileId id;
  id.device = info.st_dev;
  id.inode = info.st_ino;
  return id;
}

bool Is(const std::string& path, FileId id) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && IsSameFile(IdOf(info), id);
}

bool HasSize(const std::string& path, uint64_t size) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && static_cast<uint64_t>(info.st_size) >= size;
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

absl::Status DirectFileBroker::CheckDestinations(const ActingIdentity& who,
                                                 const std::string& directory,
                                                 const std::vector<std::string>& names) {
  if (absl::Status status = CheckDirectory(who, directory); !status.ok()) return status;
  for (const std::string& name : names) {
    struct stat info {};
    const std::string path = directory + "/" + name;
    if (lstat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) continue;
    return error::AccessDenied(Rule::kPathNotRegular, path + " is not a regular file");
  }
  return absl::OkStatus();
}

absl::Status DirectFileBroker::CreateTemporaries(const ActingIdentity&,
                                                 const std::vector<std::string>& paths,
                                                 std::vector<OpenTemporary>* created) {
  for (const std::string& path : paths) {
    if (absl::Status status = Create(path, created); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DirectFileBroker::Create(const std::string& path,
                                      std::vector<OpenTemporary>* created) const {
  if (absl::Status asked = Ask("create", path); !asked.ok()) return asked;
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) return Denied(path);
  created->push_back({std::move(fd), IdOf(info)});
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> DirectFileBroker::ReopenTemporary(const ActingIdentity&,
                                                           const std::string& path, FileId id) {
  if (absl::Status asked = Ask("reopen", path); !asked.ok()) return asked;
  if (!Is(path, id)) return Replaced(path);
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return Denied(path);
  return fd;
}

absl::Status DirectFileBroker::CheckTemporary(const ActingIdentity&, const std::string& path,
                                              FileId id, const std::string& destination,
                                              uint64_t size) {
  if (absl::Status asked = Ask("look", path); !asked.ok()) return asked;
  const bool there = (Is(path, id) && HasSize(path, size)) || Is(destination, id);
  return there ? absl::OkStatus() : Replaced(path);
}

absl::Status DirectFileBroker::PublishFiles(const ActingIdentity& who,
                                            const std::vector<Publication>& files,
                                            std::vector<uint32_t>* published) {
  published->clear();
  for (const Publication& file : files) {
    if (absl::Status status = PublishOne(who, file); !status.ok()) return status;
    published->push_back(0);
  }
  return absl::OkStatus();
}

absl::Status DirectFileBroker::PublishOne(const ActingIdentity& who,
                                          const Publication& file) const {
  if (absl::Status asked = Ask("publish", file.destination); !asked.ok()) return asked;
  const char* temporary = file.temporary.c_str();
  if (!Is(file.temporary, file.id)) {
    return Is(file.destination, file.id) ? absl::OkStatus() : Replaced(file.temporary);
  }
  if (!HasSize(file.temporary, file.size)) return Replaced(file.temporary);
  const timespec omit{0, UTIME_OMIT};
  const bool leave = file.mtime == absl::InfinitePast();
  const timespec times[2] = {omit, leave ? omit : absl::ToTimespec(file.mtime)};
  if (chmod(temporary, 0666 & ~who.umask) != 0 || utimensat(AT_FDCWD, temporary, times, 0) != 0 ||
      rename(temporary, file.destination.c_str()) != 0) {
    return Denied(file.destination);
  }
  return absl::OkStatus();
}

absl::Status DirectFileBroker::RemoveTemporary(const ActingIdentity&, const std::string& path,
                                               FileId id) {
  if (absl::Status asked = Ask("remove", path); !asked.ok()) return asked;
  if (access(path.c_str(), F_OK) != 0) return absl::OkStatus();
  if (id.known() && !Is(path, id)) return Replaced(path);
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : Denied(path);
}

absl::StatusOr<UniqueFd> DirectFileBroker::OpenPem(const ActingIdentity&, const std::string& path) {
  if (absl::Status asked = Ask("read", path); !asked.ok()) return asked;
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Denied(path);
  return fd;
}

absl::StatusOr<OpenedSource> DirectFileBroker::OpenSource(const ActingIdentity& who,
                                                          const std::string& path) {
  absl::StatusOr<UniqueFd> fd = OpenPem(who, path);
  struct stat info {};
  if (!fd.ok()) return fd.status();
  if (fstat(fd->get(), &info) != 0) return Denied(path);
  return OpenedSource{*std::move(fd), IdOf(info)};
}

absl::Status DirectFileBroker::SyncDirectory(const ActingIdentity&, const std::string& directory) {
  if (absl::Status asked = Ask("sync", directory); !asked.ok()) return asked;
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.valid() && fsync(fd.get()) == 0 ? absl::OkStatus() : Denied(directory);
}

}  // namespace bitsd::tests
