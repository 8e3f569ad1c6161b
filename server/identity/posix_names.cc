#include "server/identity/posix_names.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <limits>
#include <vector>

namespace bitsd {
namespace {

constexpr size_t kFirstBuffer = 4096;
constexpr size_t kLargestBuffer = size_t{16} << 20;  // A group of very many members.
constexpr uint64_t kLargestId = std::numeric_limits<uint32_t>::max() - 1;

/// Calls one of the get..nam_r functions with a buffer that is large enough.
template <typename Entry, typename Lookup>
bool LookUp(const std::string& name, Entry& entry, Lookup lookup) {
  for (size_t size = kFirstBuffer; size <= kLargestBuffer; size *= 4) {
    std::vector<char> buffer(size);
    Entry* found = nullptr;
    const int error = lookup(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (error != ERANGE) return error == 0 && found != nullptr;
  }
  return false;
}

bool StartsLikeANumber(const std::string& text) {
  return !text.empty() && (text[0] == '-' || text[0] == '+' || (text[0] >= '0' && text[0] <= '9'));
}

std::optional<uint32_t> ReadId(const yaml::TreeNode& node, yaml::Errors& errors, const char* kind,
                               std::optional<uint32_t> (*find)(const std::string&)) {
  if (node.kind == yaml::TreeNode::Kind::kText && StartsLikeANumber(node.text)) {
    return yaml::Integer<uint32_t>(0, kLargestId)(node, errors);
  }
  const std::optional<std::string> name = yaml::Text(node, errors);
  if (!name) return std::nullopt;
  const std::optional<uint32_t> id = find(*name);
  if (!id) errors.Add(node, "this machine has no " + std::string(kind) + " '" + *name + "'");
  return id;
}

}  // namespace

std::optional<uid_t> FindUser(const std::string& name) {
  passwd entry;
  if (!LookUp(name, entry, getpwnam_r)) return std::nullopt;
  return entry.pw_uid;
}

std::optional<gid_t> FindGroup(const std::string& name) {
  group entry;
  if (!LookUp(name, entry, getgrnam_r)) return std::nullopt;
  return entry.gr_gid;
}

std::optional<uid_t> ReadUserId(const yaml::TreeNode& node, yaml::Errors& errors) {
  return ReadId(node, errors, "user", FindUser);
}

std::optional<gid_t> ReadGroupId(const yaml::TreeNode& node, yaml::Errors& errors) {
  return ReadId(node, errors, "group", FindGroup);
}

}  // namespace bitsd
