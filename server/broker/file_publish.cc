#include "server/broker/file_publish.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "server/broker/file_marks.h"
#include "server/broker/file_open.h"
#include "server/broker/file_place.h"
#include "server/broker/file_rights.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

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

/// The mode that `seen` has when a kill came after SetRights and before the rename.
mode_t ModeOfRepeat(const SeenFile& seen, const FileRights& rights) {
  const mode_t without_group = rights.group ? WithoutGroup(rights).mode : rights.mode;
  return seen.id.mode == without_group ? without_group : rights.mode;
}

/// Opens the temporary file `seen`, which is to get `rights`. Without a descriptor: it is the
/// recorded file, and cannot be opened.
absl::StatusOr<OpenRecorded> OpenToPublish(const FilePlace& place, const wire::NextFile& file,
                                           const SeenFile& seen, const FileRights& rights,
                                           int access) {
  const std::string path = place.PathOf(file.temporary);
  // Cut off by a cleaner or by a file system after a crash: it is not what was downloaded.
  if (seen.size < file.size) return Replaced(path);
  const mode_t also_mode = ModeOfRepeat(seen, rights);
  // Its umask may have taken away even its owner's right to read, when this is a repeat.
  const bool is_ours = seen.id.owner == ::geteuid();
  if (is_ours && (seen.id.mode & S_IRUSR) == 0 && seen.id.mode == also_mode) {
    if (!IsRecordedTemporary(file.id, seen, MarkVerdict::kUnknown, also_mode)) {
      return Replaced(path);
    }
    return OpenRecorded{UniqueFd(), seen};
  }
  auto opened =
      OpenTemporaryFile(place.directory.get(), file.temporary, path, file.id, access, also_mode);
  if (opened.ok() && !IsSameFile(opened->file.id, seen.id)) return Replaced(path);
  return opened;
}

/// Opens the temporary file `seen` and gives it its time and its rights, these last.
absl::Status Prepare(const FilePlace& place, const wire::NextFile& file, const SeenFile& seen,
                     const FileRights& rights, UniqueFd* fd, uint32_t* not_set) {
  const std::string path = place.PathOf(file.temporary);
  auto opened = OpenToPublish(place, file, seen, rights, O_RDONLY);
  if (!opened.ok()) return opened.status();
  if (!opened->fd.valid()) return absl::OkStatus();
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
absl::Status Rename(const FilePlace& place, const wire::NextFile& file, const SeenFile& seen) {
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

/// The temporary file is gone, and `there`, the destination, is the recorded one: it was published
/// before. A file that is in place may have other names and another mode by now.
absl::StatusOr<bool> IsInPlace(const FilePlace& place, const wire::NextFile& file,
                               const std::optional<SeenFile>& there) {
  const auto temporary =
      LookAt(place.directory.get(), file.temporary, place.PathOf(file.temporary));
  if (!temporary.ok()) return temporary.status();
  return !*temporary && there && IsRecordedFile(file.id, *there, MarkVerdict::kUnknown);
}

void RemoveMarkInPlace(const FilePlace& place, const wire::NextFile& file) {
  const UniqueFd fd = OpenSafely(place.directory.get(), file.destination, O_RDONLY);
  if (fd.valid() && CheckMark(fd.get(), file.id.mark) == MarkVerdict::kSame) RemoveMark(fd.get());
}

/// What `seen` gets when it takes the place of `replaced`.
absl::StatusOr<FileRights> RightsInPlace(const FilePlace& place, const std::string& destination,
                                         const std::optional<SeenFile>& replaced,
                                         const SeenFile& seen, const FileRights& new_rights) {
  if (!replaced || replaced->id.owner != seen.id.owner) return new_rights;
  return RightsOfFile(place.directory.get(), destination, *replaced, place.PathOf(destination));
}

absl::Status PublishOne(const SafePaths& paths, const FilePlace& place, const wire::NextFile& file,
                        const FileRights& new_rights, uint32_t* not_set) {
  absl::Status status = CheckTemporaryName(paths, place, file.temporary);
  if (!status.ok()) return status;
  auto replaced = LookAtDestination(paths, place, file.destination);
  if (!replaced.ok()) return replaced.status();
  const absl::StatusOr<bool> in_place = IsInPlace(place, file, *replaced);
  if (!in_place.ok()) return in_place.status();
  if (*in_place) {
    RemoveMarkInPlace(place, file);
    return absl::OkStatus();
  }
  absl::StatusOr<SeenFile> seen = LookAtTemporary(paths, place, file.temporary);
  if (!seen.ok()) return seen.status();
  auto rights = RightsInPlace(place, file.destination, *replaced, *seen, new_rights);
  if (!rights.ok()) return rights.status();
  UniqueFd fd;
  status = Prepare(place, file, *seen, *rights, &fd, not_set);
  if (status.ok()) status = Rename(place, file, *seen);
  if (fd.valid() && status.ok()) RemoveMark(fd.get());
  // What is not in place is as private as before.
  if (fd.valid() && !status.ok()) static_cast<void>(::fchmod(fd.get(), kTemporaryMode));
  return status;
}

absl::Status PublishNext(const SafePaths& paths, const FilePlace& place, const wire::NextFile& file,
                         const FileRights& rights, FileResult* result) {
  uint32_t not_set = 0;
  absl::Status status = PublishOne(paths, place, file, rights, &not_set);
  if (!status.ok()) return status;
  result->ids.push_back(file.id);
  result->not_set.push_back(not_set);
  return absl::OkStatus();
}

/// Where the files of a request are, all in one folder, and what a new file there gets.
struct PublishPlace {
  FilePlace place;
  FileRights rights;
};

absl::StatusOr<PublishPlace> FindPublishPlace(const SafePaths& paths,
                                              const wire::FileRequest& request) {
  absl::Status status = policy::CheckLocalName(request.destination);
  if (!status.ok()) return status;
  if (policy::DirectoryOf(request.path) != policy::DirectoryOf(request.destination)) {
    return LeavesFolder(request.destination);
  }
  absl::StatusOr<FilePlace> place = FindTemporary(paths, request.path);
  if (!place.ok()) return place.status();
  if (!place->directory.valid()) return Replaced(request.path);
  absl::StatusOr<FileRights> rights =
      RightsOfNewFile(place->directory.get(), request.umask, place->folder);
  if (!rights.ok()) return rights.status();
  return PublishPlace{*std::move(place), *std::move(rights)};
}

wire::NextFile FirstOf(const wire::FileRequest& request) {
  return {NameOf(request.path), NameOf(request.destination), request.id, request.mtime,
          request.size};
}

}  // namespace

FileResult PublishFiles(const SafePaths& paths, const wire::FileRequest& request) {
  const absl::StatusOr<PublishPlace> there = FindPublishPlace(paths, request);
  if (!there.ok()) return {there.status()};
  FileResult result;
  result.status = PublishNext(paths, there->place, FirstOf(request), there->rights, &result);
  for (size_t i = 0; result.status.ok() && i < request.next.size(); ++i) {
    result.status = PublishNext(paths, there->place, request.next[i], there->rights, &result);
  }
  return result;
}

absl::Status CheckTemporary(const SafePaths& paths, const wire::FileRequest& request) {
  const absl::StatusOr<PublishPlace> there = FindPublishPlace(paths, request);
  if (!there.ok()) return there.status();
  const FilePlace& place = there->place;
  const wire::NextFile file = FirstOf(request);
  const auto found = LookAtDestination(paths, place, file.destination);
  const std::optional<SeenFile> replaced = found.ok() ? *found : std::nullopt;
  const absl::StatusOr<bool> in_place = IsInPlace(place, file, replaced);
  if (!in_place.ok() || *in_place) return in_place.status();
  const absl::StatusOr<SeenFile> seen = LookAtTemporary(paths, place, file.temporary);
  if (!seen.ok()) return seen.status();
  const auto rights = RightsInPlace(place, file.destination, replaced, *seen, there->rights);
  if (!rights.ok()) return rights.status();
  // Another's file cannot be given its mode: who may write it may.
  const int access = seen->id.owner == ::geteuid() ? O_RDONLY : O_RDWR;
  return OpenToPublish(place, file, *seen, *rights, access).status();
}

}  // namespace bitsd
