#include "server/broker/files/file_open.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "server/base/secret.h"
#include "server/broker/files/file_marks.h"
#include "server/broker/files/file_place.h"
#include "server/broker/files/pem_file.h"

namespace bitsd {
namespace {

/// Opens for reading what `found`, opened with O_PATH, is: whatever its name leads to by now, that
/// is the file that was judged.
UniqueFd OpenAgain(const UniqueFd& found) {
  const std::string itself = "/proc/self/fd/" + std::to_string(found.get());
  // Where somebody holds a lease of the file, this fails instead of waiting.
  return UniqueFd(::open(itself.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

UniqueFd OpenSafely(int directory, const std::string& name, int access) {
  constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  return UniqueFd(::openat(directory, name.c_str(), access | kSafely));
}

absl::StatusOr<OpenRecorded> OpenTemporaryFile(int directory, const std::string& name,
                                               const std::string& path, const FileId& recorded,
                                               int access, std::optional<mode_t> also_mode) {
  UniqueFd fd = OpenSafely(directory, name, access);
  if (!fd.valid()) return FileError(errno, "open", path);
  absl::StatusOr<SeenFile> opened = LookAt(fd.get(), path);
  if (!opened.ok()) return opened.status();
  const MarkVerdict mark = CheckMark(fd.get(), recorded.mark);
  if (!IsRecordedTemporary(recorded, *opened, mark, also_mode)) return Replaced(path);
  return OpenRecorded{std::move(fd), *std::move(opened)};
}

MarkVerdict MarkOf(int directory, const std::string& name, const FileId& recorded) {
  if (recorded.mark == 0) return MarkVerdict::kUnknown;
  const UniqueFd fd = OpenSafely(directory, name, O_RDONLY);
  return fd.valid() ? CheckMark(fd.get(), recorded.mark) : MarkVerdict::kUnknown;
}

FileResult ReopenTemporary(const SafePaths& paths, const wire::FileRequest& request) {
  absl::StatusOr<FilePlace> place = FindTemporary(paths, request.path);
  if (!place.ok()) return {place.status()};
  if (!place->directory.valid()) return {Replaced(request.path)};
  absl::StatusOr<SeenFile> seen = LookAtTemporary(paths, *place, place->name);
  if (!seen.ok()) return {seen.status()};
  auto opened =
      OpenTemporaryFile(place->directory.get(), place->name, request.path, request.id, O_RDWR);
  if (!opened.ok()) return {opened.status()};
  FileResult result{absl::OkStatus(), {opened->file.id}};
  result.fds.push_back(std::move(opened->fd));
  return result;
}

FileResult OpenPem(const SafePaths& paths, const std::string& path) {
  FileResult opened = OpenSource(paths, path);
  if (!opened.status.ok()) return opened;
  const absl::StatusOr<Secret> content = ReadPemFile(opened.fds.front(), path);
  if (!content.ok()) return {content.status()};
  return opened;
}

FileResult OpenSource(const SafePaths& paths, const std::string& path) {
  absl::StatusOr<FilePlace> place = FindPlace(paths, path);
  if (!place.ok()) return {place.status()};
  if (!place->directory.valid()) return {FileError(ENOENT, "open", path)};
  const UniqueFd found(
      ::openat(place->directory.get(), place->name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found.valid()) return {FileError(errno, "open", path)};
  const absl::StatusOr<SeenFile> file = LookAt(found.get(), path);
  if (!file.ok()) return {file.status()};
  if (!file->IsRegular()) return {NotRegular(*file, path)};
  absl::Status status = paths.CheckFile(file->id, path);
  if (!status.ok()) return {status};
  UniqueFd fd = OpenAgain(found);
  if (!fd.valid()) return {FileError(errno, "open", path)};
  FileResult result{absl::OkStatus(), {file->id}};
  result.fds.push_back(std::move(fd));
  return result;
}

}  // namespace bitsd
