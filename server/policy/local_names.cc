#include "server/policy/local_names.h"

#include <algorithm>
#include <optional>

#include "server/base/utf8.h"
#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

bool IsPlainText(std::string_view path) {
  const std::optional<std::u32string> characters = DecodeUtf8(path);
  return characters && std::none_of(characters->begin(), characters->end(), IsControl);
}

absl::Status CheckComponent(std::string_view component) {
  if (component.empty()) {
    return error::InvalidArgument("a local name has no two slashes in a row: leave one out");
  }
  if (component == "." || component == "..") {
    return error::InvalidArgument("a local name has no \".\" or \"..\" in it: write the real path");
  }
  if (component.size() > kMaxLocalComponent) {
    return error::InvalidArgument("a component of a local name is at most 255 bytes");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLocalName(std::string_view path) {
  if (path.empty() || path[0] != '/') {
    return error::InvalidArgument("a local name is an absolute path, such as /srv/data/file");
  }
  if (path.size() > kMaxLocalName) {
    return error::InvalidArgument("a local name is at most 4,095 bytes");
  }
  if (path.back() == '/') {
    return error::InvalidArgument(
        "the local name is a folder, as it ends with a slash: add the file's name");
  }
  if (!IsPlainText(path)) {
    return error::InvalidArgument("a local name is UTF-8 without NUL and control characters");
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view component = path.substr(0, path.find('/'));
    if (absl::Status status = CheckComponent(component); !status.ok()) return status;
    path.remove_prefix(component.size());
  }
  return absl::OkStatus();
}

absl::Status CheckDestination(std::string_view path) {
  if (absl::Status status = CheckLocalName(path); !status.ok()) return status;
  if (DirectoryOf(path).size() + 1 + kTemporaryNameLength <= kMaxLocalName) {
    return absl::OkStatus();
  }
  return error::InvalidArgument(
      "the folder of a local name is at most 4,070 bytes: its temporary file needs the rest");
}

std::string DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

}  // namespace bitsd::policy
