#include "server/broker/files/file_place.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

constexpr std::string_view kPrefix = ".BIT";
constexpr std::string_view kSuffix = ".tmp";
constexpr size_t kDigits = 16;

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

absl::Status NotTemporary(const std::string& path) {
  return error::InvalidArgument("\"" + path + "\" is not the name of a temporary file");
}

}  // namespace

bool IsTemporaryName(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size()) return false;
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  return name.starts_with(kPrefix) && name.ends_with(kSuffix) &&
         std::all_of(digits.begin(), digits.end(), IsHexDigit);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::StatusOr<FilePlace> FindPlace(const SafePaths& paths, const std::string& path) {
  if (absl::Status status = policy::CheckLocalName(path); !status.ok()) return status;
  FilePlace place{UniqueFd(), {}, policy::DirectoryOf(path), NameOf(path)};
  absl::StatusOr<std::optional<UniqueFd>> directory = paths.FindDirectory(place.folder);
  if (!directory.ok()) return directory.status();
  if (!*directory) return place;
  place.directory = std::move(**directory);
  absl::StatusOr<SeenFile> folder = LookAt(place.directory.get(), place.folder);
  if (!folder.ok()) return folder.status();
  place.id = folder->id;
  absl::Status status = paths.CheckEntry(place.id, place.name, path);
  if (!status.ok()) return status;
  return place;
}

absl::StatusOr<FilePlace> FindTemporary(const SafePaths& paths, const std::string& path) {
  if (!IsTemporaryName(NameOf(path))) return NotTemporary(path);
  return FindPlace(paths, path);
}

absl::Status CheckTemporaryName(const SafePaths& paths, const FilePlace& place,
                                const std::string& name) {
  const std::string path = place.PathOf(name);
  return IsTemporaryName(name) ? paths.CheckEntry(place.id, name, path) : NotTemporary(path);
}

absl::StatusOr<SeenFile> LookAtTemporary(const SafePaths& paths, const FilePlace& place,
                                         const std::string& name) {
  const std::string path = place.PathOf(name);
  auto seen = LookAt(place.directory.get(), name, path);
  if (!seen.ok()) return seen.status();
  if (!*seen) return Replaced(path);
  if (!(*seen)->IsRegular()) return NotRegular(**seen, path);
  absl::Status status = paths.CheckFile((*seen)->id, path);
  if (!status.ok()) return status;
  return **std::move(seen);
}

absl::StatusOr<std::optional<SeenFile>> LookAtDestination(const SafePaths& paths,
                                                          const FilePlace& place,
                                                          const std::string& name) {
  const std::string path = place.PathOf(name);
  // A name with a slash in it leads out of the folder that was judged.
  if (name.find('/') != std::string::npos) return LeavesFolder(path);
  absl::Status status = policy::CheckLocalName(path);
  if (status.ok()) status = paths.CheckEntry(place.id, name, path);
  if (!status.ok()) return status;
  auto found = LookAt(place.directory.get(), name, path);
  if (!found.ok() || !*found) return found;
  if (!(*found)->IsRegular()) return NotRegular(**found, path);
  status = paths.CheckFile((*found)->id, path);
  if (!status.ok()) return status;
  return found;
}

absl::Status Replaced(const std::string& path) {
  return error::AccessDenied(Rule::kFileReplaced,
                             "\"" + path + "\" is gone or is not the file that the job made");
}

absl::Status NotRegular(const SeenFile& file, const std::string& path) {
  return FileError(S_ISLNK(file.type) ? ELOOP : EISDIR, "use", path);
}

absl::Status LeavesFolder(const std::string& path) {
  return error::InvalidArgument("\"" + path +
                                "\": a temporary file is published in its own folder");
}

}  // namespace bitsd
