#include "server/broker/file_operations.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "server/broker/pem_file.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

constexpr std::string_view kPrefix = ".BIT";
constexpr std::string_view kSuffix = ".tmp";
constexpr size_t kDigits = 16;
constexpr mode_t kTemporaryMode = 0600;

struct Found {
  struct stat file;
  FileId id() const { return {file.st_dev, file.st_ino}; }
};

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::Status Replaced(const std::string& path) {
  return error::AccessDenied(Rule::kFileReplaced,
                             "\"" + path + "\" is gone or is not the file that the job made");
}

absl::Status NotTemporary(const std::string& path) {
  return error::InvalidArgument("\"" + path + "\" is not the name of a temporary file");
}

absl::Status LeavesFolder(const std::string& path) {
  return error::InvalidArgument("\"" + path +
                                "\": a temporary file is published in its own folder");
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

absl::Status CheckFound(const std::optional<Found>& found, const std::string& path, FileId id) {
  if (!found) return Replaced(path);
  if (!S_ISREG(found->file.st_mode)) return NotRegular(found->file, path);
  return found->id() == id ? absl::OkStatus() : Replaced(path);
}

/// OK when `name` is the regular file `id`.
absl::Status CheckIsFile(int directory, const std::string& name, const std::string& path,
                         FileId id) {
  absl::StatusOr<std::optional<Found>> found = Look(directory, name, path);
  return found.ok() ? CheckFound(*found, path, id) : found.status();
}

/// What a creation left that was never recorded: ours, private, and known by no other name.
bool IsLeftover(const struct stat& file) {
  return S_ISREG(file.st_mode) && file.st_uid == ::geteuid() && file.st_nlink == 1 &&
         (file.st_mode & 07777) == kTemporaryMode;
}

/// Removes `name` when it is a leftover, or is gone.
absl::Status RemoveLeftover(int directory, const std::string& name, const std::string& path) {
  absl::StatusOr<std::optional<Found>> found = Look(directory, name, path);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  if (!S_ISREG((*found)->file.st_mode)) return NotRegular((*found)->file, path);
  if (!IsLeftover((*found)->file)) return Replaced(path);
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(errno, "remove", path);
}

/// Opens `name`, which was looked at; what is opened is checked again, as names can change.
absl::StatusOr<UniqueFd> OpenFile(int directory, const std::string& name, const std::string& path,
                                  FileId id, int access) {
  constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(directory, name.c_str(), access | kSafely));
  if (!fd.valid()) return FileError(errno, "open", path);
  Found opened;
  if (::fstat(fd.get(), &opened.file) != 0) return FileError(errno, "examine", path);
  if (!S_ISREG(opened.file.st_mode) || !(opened.id() == id)) return Replaced(path);
  return fd;
}

/// Some file systems keep every other second only.
constexpr absl::Duration kCoarseTime = absl::Seconds(2);

absl::Status SetTime(int fd, absl::Time mtime, const std::string& path) {
  if (mtime == absl::InfinitePast()) return absl::OkStatus();
  const timespec times[2] = {{0, UTIME_OMIT}, absl::ToTimespec(mtime)};
  if (::futimens(fd, times) != 0) return FileError(errno, "set the time of", path);
  struct stat now {};
  const bool kept = ::fstat(fd, &now) == 0 &&
                    absl::AbsDuration(absl::TimeFromTimespec(now.st_mtim) - mtime) <= kCoarseTime;
  if (kept) return absl::OkStatus();
  // The kernel takes the next time that the file system can keep: a wrong one. None is better.
  const timespec today[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  return ::futimens(fd, today) == 0 ? absl::OkStatus() : FileError(errno, "set the time of", path);
}

bool HasAttributes(const struct stat& file, mode_t mode, absl::Time mtime) {
  const bool same_time =
      mtime == absl::InfinitePast() || absl::TimeFromTimespec(file.st_mtim) == mtime;
  return (file.st_mode & 07777) == mode && same_time;
}

// The mode comes last, and what is as it should be is left alone: a repeat need not open a file
// whose umask took away even its owner's right to read.
absl::Status SetAttributes(int directory, const wire::NextFile& file, const struct stat& now,
                           mode_t mode, const std::string& path) {
  if (HasAttributes(now, mode, file.mtime)) return absl::OkStatus();
  auto fd = OpenFile(directory, file.temporary, path, file.id, O_RDONLY);
  if (!fd.ok()) return fd.status();
  absl::Status status = SetTime(fd->get(), file.mtime, path);
  if (!status.ok()) return status;
  return ::fchmod(fd->get(), mode) == 0 ? absl::OkStatus()
                                        : FileError(errno, "set the mode of", path);
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
  FileId id;           ///< Of the folder.
  std::string folder;  ///< Its path, for messages.
  std::string name;

  std::string PathOf(const std::string& file) const {
    return folder == "/" ? "/" + file : folder + "/" + file;
  }
};

absl::StatusOr<FileOperations::Place> FileOperations::Find(const std::string& path) const {
  if (absl::Status status = policy::CheckLocalName(path); !status.ok()) return status;
  Place place{UniqueFd(), {}, policy::DirectoryOf(path), NameOf(path)};
  absl::StatusOr<std::optional<UniqueFd>> directory = paths_.FindDirectory(place.folder);
  if (!directory.ok()) return directory.status();
  if (!*directory) return place;
  place.directory = std::move(**directory);
  Found folder;
  if (::fstat(place.directory.get(), &folder.file) != 0) {
    return FileError(errno, "examine", place.folder);
  }
  place.id = folder.id();
  absl::Status status = paths_.CheckEntry(place.id, place.name, path);
  if (!status.ok()) return status;
  return place;
}

absl::StatusOr<FileOperations::Place> FileOperations::FindTemporary(const std::string& path) const {
  if (!IsTemporaryName(NameOf(path))) {
    return NotTemporary(path);
  }
  return Find(path);
}

FileOperations::Result FileOperations::Perform(const wire::FileRequest& request) const {
  switch (request.operation) {
    case wire::Operation::kCheckDirectory: return {CheckDirectory(request.path), {}, {}};
    case wire::Operation::kCreateTemporary: return Create(request);
    case wire::Operation::kReopenTemporary: return Reopen(request);
    case wire::Operation::kPublish: return Publish(request);
    case wire::Operation::kRemoveTemporary: return {Remove(request), {}, {}};
    case wire::Operation::kSyncDirectory: return {SyncDirectory(request.path), {}, {}};
    case wire::Operation::kOpenPem: return OpenPem(request);
    case wire::Operation::kOpenWorker:
    case wire::Operation::kOpenAgent: break;
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
  Result result;
  result.status = CreateNext(*place, place->name, &result);
  for (size_t i = 0; result.status.ok() && i < request.next.size(); ++i) {
    result.status = CreateNext(*place, request.next[i].temporary, &result);
  }
  return result;
}

absl::Status FileOperations::CreateNext(const Place& place, const std::string& name,
                                        Result* result) const {
  const std::string path = place.PathOf(name);
  if (!IsTemporaryName(name)) return NotTemporary(path);
  absl::Status status = paths_.CheckEntry(place.id, name, path);
  if (!status.ok()) return status;
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(place.directory.get(), name.c_str(), kFlags, kTemporaryMode));
  if (!fd.valid()) return FileError(errno, "create", path);
  Found created;
  if (::fstat(fd.get(), &created.file) != 0) return FileError(errno, "examine", path);
  result->ids.push_back(created.id());
  result->fds.push_back(std::move(fd));
  return absl::OkStatus();
}

void FileOperations::Undo(const wire::FileRequest& request, const Result& result) const {
  if (request.operation != wire::Operation::kCreateTemporary) return;
  const std::string folder = request.path.substr(0, request.path.rfind('/') + 1);
  wire::FileRequest removal;
  removal.operation = wire::Operation::kRemoveTemporary;
  for (size_t i = 0; i < result.ids.size(); ++i) {
    removal.path = i == 0 ? request.path : folder + request.next[i - 1].temporary;
    removal.id = result.ids[i];
    Remove(removal).IgnoreError();
  }
}

FileOperations::Result FileOperations::Reopen(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {Replaced(request.path), {}, {}};
  absl::Status status = paths_.CheckFile(request.id, request.path);
  if (!status.ok()) return {status, {}, {}};
  status = CheckIsFile(place->directory.get(), place->name, request.path, request.id);
  if (!status.ok()) return {status, {}, {}};
  auto fd = OpenFile(place->directory.get(), place->name, request.path, request.id, O_RDWR);
  if (!fd.ok()) return {fd.status(), {}, {}};
  Result result{absl::OkStatus(), {request.id}, {}};
  result.fds.push_back(*std::move(fd));
  return result;
}

FileOperations::Result FileOperations::Publish(const wire::FileRequest& request) const {
  Result result{policy::CheckLocalName(request.destination), {}, {}};
  if (!result.status.ok()) return result;
  if (policy::DirectoryOf(request.path) != policy::DirectoryOf(request.destination)) {
    return {LeavesFolder(request.destination), {}, {}};
  }
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {Replaced(request.path), {}, {}};
  const mode_t mode = 0666 & ~request.umask;
  const wire::NextFile first{place->name, NameOf(request.destination), request.id, request.mtime};
  result.status = PublishIn(*place, first, mode);
  if (result.status.ok()) result.ids.push_back(first.id);
  for (size_t i = 0; result.status.ok() && i < request.next.size(); ++i) {
    result.status = PublishIn(*place, request.next[i], mode);
    if (result.status.ok()) result.ids.push_back(request.next[i].id);
  }
  return result;
}

absl::Status FileOperations::PublishIn(const Place& place, const wire::NextFile& file,
                                       mode_t mode) const {
  const int directory = place.directory.get();
  const std::string path = place.PathOf(file.temporary);
  if (!IsTemporaryName(file.temporary)) return NotTemporary(path);
  absl::Status status = paths_.CheckFile(file.id, path);
  if (status.ok()) status = paths_.CheckEntry(place.id, file.temporary, path);
  if (status.ok()) status = CheckDestination(place, file.destination);
  if (!status.ok()) return status;
  absl::StatusOr<std::optional<Found>> temporary = Look(directory, file.temporary, path);
  if (!temporary.ok()) return temporary.status();
  const std::string destination = place.PathOf(file.destination);
  if (!*temporary) return CheckIsFile(directory, file.destination, destination, file.id);
  status = CheckFound(*temporary, path, file.id);
  if (status.ok()) status = SetAttributes(directory, file, (*temporary)->file, mode, path);
  if (!status.ok()) return status;
  const int renamed =
      ::renameat(directory, file.temporary.c_str(), directory, file.destination.c_str());
  return renamed == 0 ? absl::OkStatus() : FileError(errno, "rename to", destination);
}

absl::Status FileOperations::CheckDestination(const Place& place, const std::string& name) const {
  const std::string path = place.PathOf(name);
  // A name with a slash in it leads out of the folder that was judged.
  if (name.find('/') != std::string::npos) return LeavesFolder(path);
  absl::Status status = policy::CheckLocalName(path);
  if (status.ok()) status = paths_.CheckEntry(place.id, name, path);
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
  if (!request.id.known()) {
    return RemoveLeftover(place->directory.get(), place->name, request.path);
  }
  auto found = Look(place->directory.get(), place->name, request.path);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  absl::Status status = CheckIsFile(place->directory.get(), place->name, request.path, request.id);
  if (!status.ok()) return status;
  const int removed = ::unlinkat(place->directory.get(), place->name.c_str(), 0);
  if (removed == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(errno, "remove", request.path);
}

FileOperations::Result FileOperations::OpenPem(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = Find(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {FileError(ENOENT, "open", request.path), {}, {}};
  absl::StatusOr<std::optional<Found>> found =
      Look(place->directory.get(), place->name, request.path);
  if (!found.ok()) return {found.status(), {}, {}};
  if (!*found) return {FileError(ENOENT, "open", request.path), {}, {}};
  // Nothing but a regular file is opened at all: opening a device or a pipe can act.
  if (!S_ISREG((*found)->file.st_mode)) return {NotRegular((*found)->file, request.path), {}, {}};
  const FileId id = (*found)->id();
  absl::Status status = paths_.CheckFile(id, request.path);
  if (!status.ok()) return {status, {}, {}};
  auto fd = OpenFile(place->directory.get(), place->name, request.path, id, O_RDONLY);
  if (!fd.ok()) return {fd.status(), {}, {}};
  // Judged here: a server that was taken over reads nothing else as this identity.
  const absl::StatusOr<Secret> content = ReadPemFile(*fd, request.path);
  if (!content.ok()) return {content.status(), {}, {}};
  Result result{absl::OkStatus(), {id}, {}};
  result.fds.push_back(*std::move(fd));
  return result;
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
