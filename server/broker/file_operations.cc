#include "server/broker/file_operations.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

constexpr std::string_view kPrefix = ".BIT";
constexpr std::string_view kSuffix = ".tmp";
constexpr size_t kDigits = 16;

struct Found {
  struct stat file;
  FileId id() const { return {file.st_dev, file.st_ino}; }
};

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::Status Replaced(const std::string& path) {
  return error::AccessDenied(Rule::kFileReplaced,
                             "\"" + path + "\" is gone or is not the file that the job made");
}

absl::Status NotRegular(const struct stat& file, const std::string& path) {
  return FileError(S_ISLNK(file.st_mode) ? ELOOP : EISDIR, "use", path);
}

/// What `name` leads to; nullopt when it leads nowhere. Links are not followed.
absl::StatusOr<std::optional<Found>> Look(int directory, const std::string& name,
                                          const std::string& path) {
  Found found;
  if (::fstatat(directory, name.c_str(), &found.file, AT_SYMLINK_NOFOLLOW) == 0) return found;
  if (errno == ENOENT) return std::optional<Found>();
  return FileError(errno, "examine", path);
}

/// OK when `name` is the regular file `id`.
absl::Status CheckIsFile(int directory, const std::string& name, const std::string& path,
                         FileId id) {
  absl::StatusOr<std::optional<Found>> found = Look(directory, name, path);
  if (!found.ok()) return found.status();
  if (!*found) return Replaced(path);
  if (!S_ISREG((*found)->file.st_mode)) return NotRegular((*found)->file, path);
  return (*found)->id() == id ? absl::OkStatus() : Replaced(path);
}

/// Opens `name` if it is the regular file `id`; what is opened is checked again, as names can
/// change.
absl::StatusOr<UniqueFd> OpenFile(int directory, const std::string& name, const std::string& path,
                                  FileId id, int access) {
  absl::Status status = CheckIsFile(directory, name, path, id);
  if (!status.ok()) return status;
  constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(directory, name.c_str(), access | kSafely));
  if (!fd.valid()) return FileError(errno, "open", path);
  Found opened;
  if (::fstat(fd.get(), &opened.file) != 0) return FileError(errno, "examine", path);
  if (!S_ISREG(opened.file.st_mode) || !(opened.id() == id)) return Replaced(path);
  return fd;
}

absl::Status SetTime(int fd, absl::Time mtime, const std::string& path) {
  if (mtime == absl::InfinitePast()) return absl::OkStatus();
  const timespec times[2] = {{0, UTIME_OMIT}, absl::ToTimespec(mtime)};
  return ::futimens(fd, times) == 0 ? absl::OkStatus() : FileError(errno, "set the time of", path);
}

bool HasAttributes(const struct stat& file, mode_t mode, absl::Time mtime) {
  const bool same_time =
      mtime == absl::InfinitePast() || absl::TimeFromTimespec(file.st_mtim) == mtime;
  return (file.st_mode & 07777) == mode && same_time;
}

// The mode comes last, and what is as it should be is left alone: a repeat need not open a file
// whose umask took away even its owner's right to read.
absl::Status SetAttributes(int directory, const std::string& name,
                           const wire::FileRequest& request) {
  const mode_t mode = 0666 & ~request.umask;
  absl::StatusOr<std::optional<Found>> found = Look(directory, name, request.path);
  if (!found.ok()) return found.status();
  if (*found && HasAttributes((*found)->file, mode, request.mtime)) return absl::OkStatus();
  auto fd = OpenFile(directory, name, request.path, request.id, O_RDONLY);
  if (!fd.ok()) return fd.status();
  absl::Status status = SetTime(fd->get(), request.mtime, request.path);
  if (!status.ok()) return status;
  return ::fchmod(fd->get(), mode) == 0 ? absl::OkStatus()
                                        : FileError(errno, "set the mode of", request.path);
}

// A folder that may be written and not read cannot be opened for fsync: any file in it leads to its
// file system.
int SyncFileSystemOf(int directory) {
  const UniqueFd nameless(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  return nameless.valid() ? ::syncfs(nameless.get()) : -1;
}

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

bool IsTemporaryName(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size()) return false;
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  return name.starts_with(kPrefix) && name.ends_with(kSuffix) &&
         std::all_of(digits.begin(), digits.end(), IsHexDigit);
}

/// A name in an opened folder.
struct FileOperations::Place {
  UniqueFd directory;  ///< Invalid: there is no such folder.
  std::string name;
};

absl::StatusOr<FileOperations::Place> FileOperations::Find(const std::string& path) const {
  if (absl::Status status = policy::CheckLocalName(path); !status.ok()) return status;
  absl::StatusOr<std::optional<UniqueFd>> directory =
      paths_.FindDirectory(policy::DirectoryOf(path));
  if (!directory.ok()) return directory.status();
  Place place{UniqueFd(), NameOf(path)};
  if (!*directory) return place;
  place.directory = std::move(**directory);
  absl::Status status = paths_.CheckEntry(place.directory.get(), place.name, path);
  if (!status.ok()) return status;
  return place;
}

absl::StatusOr<FileOperations::Place> FileOperations::FindTemporary(const std::string& path) const {
  if (!IsTemporaryName(NameOf(path))) {
    return error::InvalidArgument("\"" + path + "\" is not the name of a temporary file");
  }
  return Find(path);
}

FileOperations::Result FileOperations::Perform(const wire::FileRequest& request) const {
  switch (request.operation) {
    case wire::Operation::kCheckDirectory: return {CheckDirectory(request.path), {}, {}};
    case wire::Operation::kCreateTemporary: return Create(request);
    case wire::Operation::kReopenTemporary: return Reopen(request);
    case wire::Operation::kPublish: return {Publish(request), {}, {}};
    case wire::Operation::kRemoveTemporary: return {Remove(request), {}, {}};
    case wire::Operation::kSyncDirectory: return {SyncDirectory(request.path), {}, {}};
    case wire::Operation::kOpenWorker: break;
  }
  return {error::InvalidArgument("not an operation of a worker"), {}, {}};
}

absl::Status FileOperations::CheckDirectory(const std::string& path) const {
  absl::Status status = path == "/" ? absl::OkStatus() : policy::CheckLocalName(path);
  if (!status.ok()) return status;
  absl::StatusOr<UniqueFd> directory = paths_.OpenDirectory(path);
  if (!directory.ok()) return directory.status();
  // Real and effective identity are the same here, so that the plain check is the right one.
  if (::faccessat(directory->get(), ".", W_OK | X_OK, 0) == 0) return absl::OkStatus();
  return FileError(errno, "create files in", path);
}

FileOperations::Result FileOperations::Create(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {FileError(ENOENT, "create", request.path), {}, {}};
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(place->directory.get(), place->name.c_str(), kFlags, 0600));
  if (!fd.valid()) return {FileError(errno, "create", request.path), {}, {}};
  Found created;
  if (::fstat(fd.get(), &created.file) != 0) {
    return {FileError(errno, "examine", request.path), {}, {}};
  }
  return {absl::OkStatus(), created.id(), std::move(fd)};
}

void FileOperations::Undo(const wire::FileRequest& request, const Result& result) const {
  if (request.operation != wire::Operation::kCreateTemporary || !result.status.ok()) return;
  wire::FileRequest removal = request;
  removal.id = result.id;
  Remove(removal).IgnoreError();
}

FileOperations::Result FileOperations::Reopen(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {Replaced(request.path), {}, {}};
  absl::Status status = paths_.CheckFile(request.id, request.path);
  if (!status.ok()) return {status, {}, {}};
  auto fd = OpenFile(place->directory.get(), place->name, request.path, request.id, O_RDWR);
  if (!fd.ok()) return {fd.status(), {}, {}};
  return {absl::OkStatus(), request.id, *std::move(fd)};
}

absl::Status FileOperations::Publish(const wire::FileRequest& request) const {
  absl::Status status = policy::CheckLocalName(request.destination);
  if (!status.ok()) return status;
  if (policy::DirectoryOf(request.path) != policy::DirectoryOf(request.destination)) {
    return error::InvalidArgument("a temporary file is published in its own folder");
  }
  if (status = paths_.CheckFile(request.id, request.path); !status.ok()) return status;
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return place.status();
  if (!place->directory.valid()) return Replaced(request.path);
  return PublishIn(*place, request);
}

absl::Status FileOperations::PublishIn(const Place& place, const wire::FileRequest& request) const {
  const int directory = place.directory.get();
  const std::string destination = NameOf(request.destination);
  absl::Status status = CheckDestination(place, destination, request.destination);
  if (!status.ok()) return status;
  absl::StatusOr<std::optional<Found>> temporary = Look(directory, place.name, request.path);
  if (!temporary.ok()) return temporary.status();
  if (!*temporary) return CheckIsFile(directory, destination, request.destination, request.id);
  status = CheckIsFile(directory, place.name, request.path, request.id);
  if (status.ok()) status = SetAttributes(directory, place.name, request);
  if (!status.ok()) return status;
  if (::renameat(directory, place.name.c_str(), directory, destination.c_str()) != 0) {
    return FileError(errno, "write", request.destination);
  }
  return CheckIsFile(directory, destination, request.destination, request.id);
}

absl::Status FileOperations::CheckDestination(const Place& place, const std::string& name,
                                              const std::string& path) const {
  absl::Status status = paths_.CheckEntry(place.directory.get(), name, path);
  if (!status.ok()) return status;
  absl::StatusOr<std::optional<Found>> found = Look(place.directory.get(), name, path);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  if (!S_ISREG((*found)->file.st_mode)) return NotRegular((*found)->file, path);
  return paths_.CheckFile((*found)->id(), path);
}

absl::Status FileOperations::Remove(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return place.status();
  if (!place->directory.valid()) return absl::OkStatus();
  auto found = Look(place->directory.get(), place->name, request.path);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  absl::Status status = CheckIsFile(place->directory.get(), place->name, request.path, request.id);
  if (!status.ok()) return status;
  const int removed = ::unlinkat(place->directory.get(), place->name.c_str(), 0);
  if (removed == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(errno, "remove", request.path);
}

absl::Status FileOperations::SyncDirectory(const std::string& path) const {
  absl::Status status = path == "/" ? absl::OkStatus() : policy::CheckLocalName(path);
  if (!status.ok()) return status;
  absl::StatusOr<UniqueFd> directory = paths_.OpenDirectory(path);
  if (!directory.ok()) return directory.status();
  const UniqueFd readable(::openat(directory->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int synced =
      readable.valid() ? ::fsync(readable.get()) : SyncFileSystemOf(directory->get());
  return synced == 0 ? absl::OkStatus() : FileError(errno, "sync", path);
}

}  // namespace bitsd
