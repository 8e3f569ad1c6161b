#include "server/broker/file_operations.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "server/broker/file_look.h"
#include "server/broker/file_marks.h"
#include "server/broker/file_rights.h"
#include "server/broker/pem_file.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

constexpr std::string_view kPrefix = ".BIT";
constexpr std::string_view kSuffix = ".tmp";
constexpr size_t kDigits = 16;

// This is not in <linux/magic.h> of every distribution.
constexpr uint32_t kXfs = 0x58465342;

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

absl::Status NotRegular(const SeenFile& file, const std::string& path) {
  return FileError(S_ISLNK(file.type) ? ELOOP : EISDIR, "use", path);
}

/// What a creation left that was never recorded: ours, private, and known by no other name.
bool IsLeftover(const SeenFile& file) {
  return file.IsRegular() && file.id.owner == ::geteuid() && file.links == 1 &&
         file.id.mode == kTemporaryMode;
}

/// As far as it can be known: in a sticky folder only whose the file or the folder is replaces it.
bool MayReplace(const SeenFile& folder, const SeenFile& file) {
  const uid_t who = ::geteuid();
  const bool sticky = (folder.id.mode & S_ISVTX) != 0;
  const bool owns = who == 0 || file.id.owner == who || folder.id.owner == who;
  return !file.fixed && (!sticky || owns);
}

/// Opens `name`, a regular file when it was looked at; what is opened is to be looked at again, as
/// names can change.
UniqueFd OpenSafely(int directory, const std::string& name, int access) {
  constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  return UniqueFd(::openat(directory, name.c_str(), access | kSafely));
}

/// An open temporary file, which is the recorded one.
struct OpenRecorded {
  UniqueFd fd;
  SeenFile file;
};

absl::StatusOr<OpenRecorded> OpenTemporaryFile(int directory, const std::string& name,
                                               const std::string& path, const FileId& recorded,
                                               int access,
                                               std::optional<mode_t> also_mode = std::nullopt) {
  UniqueFd fd = OpenSafely(directory, name, access);
  if (!fd.valid()) return FileError(errno, "open", path);
  absl::StatusOr<SeenFile> opened = LookAt(fd.get(), path);
  if (!opened.ok()) return opened.status();
  const MarkVerdict mark = CheckMark(fd.get(), recorded.mark);
  if (!IsRecordedTemporary(recorded, *opened, mark, also_mode)) return Replaced(path);
  return OpenRecorded{std::move(fd), *std::move(opened)};
}

/// What the mark of `name` says, as far as this identity may read it.
MarkVerdict MarkOf(int directory, const std::string& name, const FileId& recorded) {
  if (recorded.mark == 0) return MarkVerdict::kUnknown;
  const UniqueFd fd = OpenSafely(directory, name, O_RDONLY);
  return fd.valid() ? CheckMark(fd.get(), recorded.mark) : MarkVerdict::kUnknown;
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

/// Removes `name`, which is `file`. A name can change after it was looked at: what is gone must be
/// that file.
absl::Status Unlink(int directory, const std::string& name, const SeenFile& file,
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

/// Some file systems keep every other second only.
constexpr absl::Duration kCoarseTime = absl::Seconds(2);

/// False: the file system does not keep this time.
absl::StatusOr<bool> SetTime(int fd, const SeenFile& now, absl::Time mtime,
                             const std::string& path) {
  if (mtime == absl::InfinitePast() || now.mtime == mtime) return true;
  // Both: some file systems of FUSE do nothing when one is left out.
  const timespec times[2] = {absl::ToTimespec(now.atime), absl::ToTimespec(mtime)};
  if (::futimens(fd, times) != 0) {
    if (IsRefusalOfAttributes(errno)) return false;
    return FileError(errno, "set the time of", path);
  }
  const absl::StatusOr<SeenFile> after = LookAt(fd, path);
  if (after.ok() && absl::AbsDuration(after->mtime - mtime) <= kCoarseTime) return true;
  // The kernel takes the next time that the file system can keep: a wrong one. None is better.
  static_cast<void>(::futimens(fd, nullptr));
  return false;
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
  absl::StatusOr<SeenFile> folder = LookAt(place.directory.get(), place.folder);
  if (!folder.ok()) return folder.status();
  place.id = folder->id;
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
    case wire::Operation::kCheckDirectory: return {CheckDirectory(request), {}, {}};
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

absl::Status FileOperations::CheckDirectory(const wire::FileRequest& request) const {
  const std::string& path = request.path;
  absl::Status status = path == "/" ? absl::OkStatus() : policy::CheckLocalName(path);
  if (!status.ok()) return status;
  absl::StatusOr<UniqueFd> directory = paths_.OpenDirectory(path);
  if (!directory.ok()) return directory.status();
  // Real and effective identity are the same here, so that the plain check is the right one.
  if (::faccessat(directory->get(), ".", W_OK | X_OK, 0) != 0) {
    return FileError(errno, "create files in", path);
  }
  absl::StatusOr<SeenFile> folder = LookAt(directory->get(), path);
  if (!folder.ok()) return folder.status();
  const Place place{*std::move(directory), folder->id, path, {}};
  for (const wire::NextFile& file : request.next) {
    const auto found = LookAtDestination(place, file.destination);
    if (!found.ok()) return found.status();
    if (*found && !MayReplace(*folder, **found)) {
      return FileError(EPERM, "replace", place.PathOf(file.destination));
    }
  }
  return absl::OkStatus();
}

FileOperations::Result FileOperations::Create(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {FileError(ENOENT, "create", request.path), {}, {}};
  Result result;
  result.status = CreateNext(*place, place->name, request.umask, &result);
  for (size_t i = 0; result.status.ok() && i < request.next.size(); ++i) {
    result.status = CreateNext(*place, request.next[i].temporary, request.umask, &result);
  }
  return result;
}

absl::Status FileOperations::CreateNext(const Place& place, const std::string& name, mode_t umask,
                                        Result* result) const {
  const std::string path = place.PathOf(name);
  if (!IsTemporaryName(name)) return NotTemporary(path);
  absl::Status status = paths_.CheckEntry(place.id, name, path);
  if (!status.ok()) return status;
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(place.directory.get(), name.c_str(), kFlags, kTemporaryMode));
  if (!fd.valid()) return FileError(errno, "create", path);
  const uint64_t mark = PutMark(fd.get());
  absl::StatusOr<SeenFile> created = LookAt(fd.get(), path);
  if (!created.ok()) return created.status();
  status = CheckPrivacy(place, *created, umask, path);
  if (!status.ok()) {
    fd.Reset();
    Unlink(place.directory.get(), name, *created, path).IgnoreError();
    return status;
  }
  created->id.mark = mark;
  result->ids.push_back(created->id);
  result->fds.push_back(std::move(fd));
  return absl::OkStatus();
}

// Where files have no mode of their own, the file can be read by others from its first byte on: no
// more of them than the finished file is for.
absl::Status FileOperations::CheckPrivacy(const Place& place, const SeenFile& created, mode_t umask,
                                          const std::string& path) {
  constexpr mode_t kOthersData = 0066;
  if ((created.id.mode & kOthersData) == 0) return absl::OkStatus();
  absl::StatusOr<FileRights> rights = RightsOfNewFile(place.directory.get(), umask, place.folder);
  return rights.ok() ? CheckNoMore(created, *rights, path) : rights.status();
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
  absl::StatusOr<SeenFile> seen = LookAtTemporary(*place, place->name);
  if (!seen.ok()) return {seen.status(), {}, {}};
  auto opened =
      OpenTemporaryFile(place->directory.get(), place->name, request.path, request.id, O_RDWR);
  if (!opened.ok()) return {opened.status(), {}, {}};
  Result result{absl::OkStatus(), {opened->file.id}, {}};
  result.fds.push_back(std::move(opened->fd));
  return result;
}

/// The regular file `name`, which is not protected.
absl::StatusOr<SeenFile> FileOperations::LookAtTemporary(const Place& place,
                                                         const std::string& name) const {
  const std::string path = place.PathOf(name);
  auto seen = LookAt(place.directory.get(), name, path);
  if (!seen.ok()) return seen.status();
  if (!*seen) return Replaced(path);
  if (!(*seen)->IsRegular()) return NotRegular(**seen, path);
  absl::Status status = paths_.CheckFile((*seen)->id, path);
  if (!status.ok()) return status;
  return **std::move(seen);
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
  absl::StatusOr<FileRights> rights =
      RightsOfNewFile(place->directory.get(), request.umask, place->folder);
  if (!rights.ok()) return {rights.status(), {}, {}};
  const wire::NextFile first{place->name, NameOf(request.destination), request.id, request.mtime};
  result.status = PublishNext(*place, first, *rights, &result);
  for (size_t i = 0; result.status.ok() && i < request.next.size(); ++i) {
    result.status = PublishNext(*place, request.next[i], *rights, &result);
  }
  return result;
}

absl::Status FileOperations::PublishNext(const Place& place, const wire::NextFile& file,
                                         const FileRights& rights, Result* result) const {
  uint32_t not_set = 0;
  absl::Status status = PublishIn(place, file, rights, &not_set);
  if (!status.ok()) return status;
  result->ids.push_back(file.id);
  result->not_set.push_back(not_set);
  return absl::OkStatus();
}

absl::Status FileOperations::PublishIn(const Place& place, const wire::NextFile& file,
                                       const FileRights& new_rights, uint32_t* not_set) const {
  const int directory = place.directory.get();
  const std::string path = place.PathOf(file.temporary);
  const std::string destination = place.PathOf(file.destination);
  if (!IsTemporaryName(file.temporary)) return NotTemporary(path);
  absl::Status status = paths_.CheckEntry(place.id, file.temporary, path);
  if (!status.ok()) return status;
  auto replaced = LookAtDestination(place, file.destination);
  if (!replaced.ok()) return replaced.status();
  auto gone = LookAt(directory, file.temporary, path);
  if (!gone.ok()) return gone.status();
  if (!*gone) return CheckInPlace(place, file, *replaced);
  absl::StatusOr<SeenFile> seen = LookAtTemporary(place, file.temporary);
  if (!seen.ok()) return seen.status();
  absl::StatusOr<FileRights> rights = new_rights;
  if (*replaced && (*replaced)->id.owner == seen->id.owner) {
    rights = RightsOfFile(directory, file.destination, **replaced, destination);
  }
  if (!rights.ok()) return rights.status();
  UniqueFd fd;
  status = Prepare(place, file, *seen, *rights, &fd, not_set);
  if (status.ok()) status = Rename(place, file, *seen);
  if (fd.valid() && status.ok()) RemoveMark(fd.get());
  // What is not in place is as private as before.
  if (fd.valid() && !status.ok()) static_cast<void>(::fchmod(fd.get(), kTemporaryMode));
  return status;
}

/// Opens the temporary file `seen` and gives it its time and its rights, these last.
absl::Status FileOperations::Prepare(const Place& place, const wire::NextFile& file,
                                     const SeenFile& seen, const FileRights& rights, UniqueFd* fd,
                                     uint32_t* not_set) {
  const std::string path = place.PathOf(file.temporary);
  // Its umask may have taken away even its owner's right to read, when this is a repeat.
  const bool is_ours = seen.id.owner == ::geteuid();
  if (is_ours && (seen.id.mode & S_IRUSR) == 0 && seen.id.mode == rights.mode) {
    const bool is_it = IsRecordedTemporary(file.id, seen, MarkVerdict::kUnknown, rights.mode);
    return is_it ? absl::OkStatus() : Replaced(path);
  }
  auto opened = OpenTemporaryFile(place.directory.get(), file.temporary, path, file.id, O_RDONLY,
                                  rights.mode);
  if (!opened.ok()) return opened.status();
  if (!IsSameFile(opened->file.id, seen.id)) return Replaced(path);
  absl::StatusOr<bool> time = SetTime(opened->fd.get(), opened->file, file.mtime, path);
  if (!time.ok()) return time.status();
  *fd = std::move(opened->fd);
  absl::StatusOr<bool> mode = SetRights(fd->get(), opened->file, rights, path);
  if (!mode.ok()) return mode.status();
  if (!*mode) *not_set |= kModeNotSet;
  if (!*time) *not_set |= kTimeNotSet;
  return absl::OkStatus();
}

// Names can change between a look and a rename: what counts is what the destination is then.
absl::Status FileOperations::Rename(const Place& place, const wire::NextFile& file,
                                    const SeenFile& seen) {
  const int directory = place.directory.get();
  const std::string destination = place.PathOf(file.destination);
  if (::renameat(directory, file.temporary.c_str(), directory, file.destination.c_str()) != 0) {
    return FileError(errno, "rename to", destination);
  }
  auto there = LookAt(directory, file.destination, destination);
  if (!there.ok()) return there.status();
  // Whoever waited for the file may have taken it away already.
  const bool is_it = !*there || IsSameFile((*there)->id, seen.id);
  return is_it ? absl::OkStatus() : Replaced(destination);
}

/// OK when `there`, the destination, is the recorded file: it was published before. A file that is
/// in place may have other names and another mode by now.
absl::Status FileOperations::CheckInPlace(const Place& place, const wire::NextFile& file,
                                          const std::optional<SeenFile>& there) {
  const std::string path = place.PathOf(file.temporary);
  if (!there || !IsRecordedFile(file.id, *there, MarkVerdict::kUnknown)) return Replaced(path);
  const UniqueFd fd = OpenSafely(place.directory.get(), file.destination, O_RDONLY);
  if (fd.valid() && CheckMark(fd.get(), file.id.mark) == MarkVerdict::kSame) RemoveMark(fd.get());
  return absl::OkStatus();
}

/// What `name` leads to, if anything: a regular file that may be replaced.
absl::StatusOr<std::optional<SeenFile>> FileOperations::LookAtDestination(
    const Place& place, const std::string& name) const {
  const std::string path = place.PathOf(name);
  // A name with a slash in it leads out of the folder that was judged.
  if (name.find('/') != std::string::npos) return LeavesFolder(path);
  absl::Status status = policy::CheckLocalName(path);
  if (status.ok()) status = paths_.CheckEntry(place.id, name, path);
  if (!status.ok()) return status;
  auto found = LookAt(place.directory.get(), name, path);
  if (!found.ok() || !*found) return found;
  if (!(*found)->IsRegular()) return NotRegular(**found, path);
  status = paths_.CheckFile((*found)->id, path);
  if (!status.ok()) return status;
  return found;
}

absl::Status FileOperations::Remove(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = FindTemporary(request.path);
  if (!place.ok()) return place.status();
  if (!place->directory.valid()) return absl::OkStatus();
  const int directory = place->directory.get();
  auto found = LookAt(directory, place->name, request.path);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  const SeenFile& file = **found;
  if (!file.IsRegular()) return NotRegular(file, request.path);
  const bool is_it =
      request.id.known()
          ? IsRecordedTemporary(request.id, file, MarkOf(directory, place->name, request.id))
          : IsLeftover(file);
  return is_it ? Unlink(directory, place->name, file, request.path) : Replaced(request.path);
}

FileOperations::Result FileOperations::OpenPem(const wire::FileRequest& request) const {
  absl::StatusOr<Place> place = Find(request.path);
  if (!place.ok()) return {place.status(), {}, {}};
  if (!place->directory.valid()) return {FileError(ENOENT, "open", request.path), {}, {}};
  auto found = LookAt(place->directory.get(), place->name, request.path);
  if (!found.ok()) return {found.status(), {}, {}};
  if (!*found) return {FileError(ENOENT, "open", request.path), {}, {}};
  // Nothing but a regular file is opened at all: opening a device or a pipe can act.
  if (!(*found)->IsRegular()) return {NotRegular(**found, request.path), {}, {}};
  const FileId id = (*found)->id;
  absl::Status status = paths_.CheckFile(id, request.path);
  if (!status.ok()) return {status, {}, {}};
  UniqueFd fd = OpenSafely(place->directory.get(), place->name, O_RDONLY);
  if (!fd.valid()) return {FileError(errno, "open", request.path), {}, {}};
  const absl::StatusOr<SeenFile> opened = LookAt(fd.get(), request.path);
  if (!opened.ok()) return {opened.status(), {}, {}};
  if (!opened->IsRegular() || !IsSameFile(opened->id, id)) return {Replaced(request.path), {}, {}};
  // Judged here: a server that was taken over reads nothing else as this identity.
  const absl::StatusOr<Secret> content = ReadPemFile(fd, request.path);
  if (!content.ok()) return {content.status(), {}, {}};
  Result result{absl::OkStatus(), {id}, {}};
  result.fds.push_back(std::move(fd));
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
