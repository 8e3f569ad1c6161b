#include "server/broker/files/file_create.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "server/broker/files/file_marks.h"
#include "server/broker/files/file_place.h"
#include "server/broker/files/file_remove.h"
#include "server/broker/files/file_rights.h"

namespace bitsd {
namespace {

// Where files have no mode of their own, the file can be read by others from its first byte on: no
// more of them than the finished file is for.
absl::Status CheckPrivacy(const FilePlace& place, const SeenFile& created, mode_t umask,
                          const std::string& path) {
  constexpr mode_t kOthersData = 0066;
  if ((created.id.mode & kOthersData) == 0) return absl::OkStatus();
  absl::StatusOr<FileRights> rights = RightsOfNewFile(place.directory.get(), umask, place.folder);
  return rights.ok() ? CheckNoMore(created, *rights, path) : rights.status();
}

absl::Status CreateOne(const SafePaths& paths, const FilePlace& place, const std::string& name,
                       mode_t umask, FileResult* result) {
  const std::string path = place.PathOf(name);
  absl::Status status = CheckTemporaryName(paths, place, name);
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
    RemoveSeen(place.directory.get(), name, *created, path).IgnoreError();
    return status;
  }
  created->id.mark = mark;
  result->ids.push_back(created->id);
  result->fds.push_back(std::move(fd));
  return absl::OkStatus();
}

}  // namespace

FileResult CreateTemporaries(const SafePaths& paths, const wire::FileRequest& request) {
  absl::StatusOr<FilePlace> place = FindTemporary(paths, request.path);
  if (!place.ok()) return {place.status()};
  if (!place->directory.valid()) return {FileError(ENOENT, "create", request.path)};
  FileResult result;
  result.status = CreateOne(paths, *place, place->name, request.umask, &result);
  for (size_t i = 0; result.status.ok() && i < request.next.size(); ++i) {
    result.status = CreateOne(paths, *place, request.next[i].temporary, request.umask, &result);
  }
  return result;
}

void UndoCreation(const SafePaths& paths, const wire::FileRequest& request,
                  const FileResult& result) {
  const std::string folder = request.path.substr(0, request.path.rfind('/') + 1);
  wire::FileRequest removal;
  removal.operation = wire::Operation::kRemoveTemporary;
  for (size_t i = 0; i < result.ids.size(); ++i) {
    removal.path = i == 0 ? request.path : folder + request.next[i - 1].temporary;
    removal.id = result.ids[i];
    RemoveTemporary(paths, removal).IgnoreError();
  }
}

}  // namespace bitsd
