#include "server/broker/file_open.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "server/base/secret.h"
#include "server/broker/file_marks.h"
#include "server/broker/file_place.h"
#include "server/broker/pem_file.h"

namespace bitsd {

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

FileResult OpenPem(const SafePaths& paths, const wire::FileRequest& request) {
  absl::StatusOr<FilePlace> place = FindPlace(paths, request.path);
  if (!place.ok()) return {place.status()};
  if (!place->directory.valid()) return {FileError(ENOENT, "open", request.path)};
  auto found = LookAt(place->directory.get(), place->name, request.path);
  if (!found.ok()) return {found.status()};
  if (!*found) return {FileError(ENOENT, "open", request.path)};
  if (!(*found)->IsRegular()) return {NotRegular(**found, request.path)};
  const FileId id = (*found)->id;
  absl::Status status = paths.CheckFile(id, request.path);
  if (!status.ok()) return {status};
  UniqueFd fd = OpenSafely(place->directory.get(), place->name, O_RDONLY);
  if (!fd.valid()) return {FileError(errno, "open", request.path)};
  const absl::StatusOr<SeenFile> opened = LookAt(fd.get(), request.path);
  if (!opened.ok()) return {opened.status()};
  if (!opened->IsRegular() || !IsSameFile(opened->id, id)) return {Replaced(request.path)};
  // Judged here: a server that was taken over reads nothing else as this identity.
  const absl::StatusOr<Secret> content = ReadPemFile(fd, request.path);
  if (!content.ok()) return {content.status()};
  FileResult result{absl::OkStatus(), {id}};
  result.fds.push_back(std::move(fd));
  return result;
}

}  // namespace bitsd
