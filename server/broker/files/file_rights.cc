#include "server/broker/files/file_rights.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/unique_fd.h"
#include "server/broker/files/safe_path.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr char kAccessAcl[] = "system.posix_acl_access";
constexpr char kDefaultAcl[] = "system.posix_acl_default";

/// The largest value of an attribute in Linux.
constexpr size_t kMaxAcl = 65'536;

// How the kernel keeps an ACL in an attribute (linux/posix_acl_xattr.h, which C++ cannot include).
constexpr uint32_t kAclVersion = 2;
enum AclTag : uint16_t {
  kUserObject = 0x01,
  kUser = 0x02,
  kGroupObject = 0x04,
  kGroup = 0x08,
  kMask = 0x10,
  kOther = 0x20,
};
struct AclEntry {
  uint16_t tag;
  uint16_t rights;
  uint32_t id;
};
static_assert(sizeof(AclEntry) == 8);
constexpr uint16_t kReadWrite = 06;

/// Whether a file can be executed is no right to its data.
constexpr mode_t kData = 0666;

std::optional<std::vector<AclEntry>> Parse(std::string_view acl) {
  uint32_t version = 0;
  if (acl.size() < sizeof(version) || (acl.size() - sizeof(version)) % sizeof(AclEntry) != 0) {
    return std::nullopt;
  }
  std::memcpy(&version, acl.data(), sizeof(version));
  if (version != kAclVersion) return std::nullopt;
  acl.remove_prefix(sizeof(version));
  std::vector<AclEntry> entries(acl.size() / sizeof(AclEntry));
  if (!entries.empty()) std::memcpy(entries.data(), acl.data(), acl.size());
  return entries;
}

std::string Format(const std::vector<AclEntry>& entries) {
  std::string acl(reinterpret_cast<const char*>(&kAclVersion), sizeof(kAclVersion));
  acl.append(reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(AclEntry));
  return acl;
}

AclEntry* Find(std::vector<AclEntry>& entries, AclTag tag) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [tag](const AclEntry& entry) { return entry.tag == tag; });
  return found == entries.end() ? nullptr : &*found;
}

/// An attribute of what `fd`, opened with O_PATH, is; empty when it has none.
absl::StatusOr<std::string> ReadAcl(int fd, const char* attribute, const std::string& path) {
  const std::string name = absl::StrCat("/proc/self/fd/", fd);
  std::string acl(kMaxAcl, '\0');
  const ssize_t size = ::getxattr(name.c_str(), attribute, acl.data(), acl.size());
  if (size >= 0) {
    acl.resize(static_cast<size_t>(size));
    return acl;
  }
  // No right is needed to read one: who refuses has none.
  if (errno == ENODATA || IsRefusalOfAttributes(errno)) return std::string();
  return FileError(errno, "read the rights of", path);
}

bool HasAcl(int fd) { return ::fgetxattr(fd, kAccessAcl, nullptr, 0) > 0; }

/// errno, or 0.
int SetAclOrMode(int fd, const FileRights& rights) {
  if (!rights.acl.empty()) {
    return ::fsetxattr(fd, kAccessAcl, rights.acl.data(), rights.acl.size(), 0) == 0 ? 0 : errno;
  }
  // An ACL's mask is what fchmod would set: who is named in it would get the group's rights.
  if (HasAcl(fd) && ::fremovexattr(fd, kAccessAcl) != 0) return errno;
  return ::fchmod(fd, rights.mode) == 0 ? 0 : errno;
}

absl::Status TooMany(mode_t is, mode_t wanted, const std::string& path) {
  const auto octal = [](mode_t mode) {
    return absl::StrCat("0", (mode >> 6) & 7, (mode >> 3) & 7, mode & 7);
  };
  return error::AccessDenied(
      Rule::kNotPermitted,
      absl::StrCat("the file system of \"", path, "\" gives its files mode ", octal(is),
                   " and takes no other, and that is more than ", octal(wanted),
                   ": mount it with other rights, or give the account a umask that allows them"));
}

}  // namespace

bool IsRefusalOfAttributes(int error) {
  constexpr auto kRefusals = std::to_array<int>({EPERM, EACCES, ENOTSUP, ENOSYS, EINVAL, ENOTTY});
  return std::find(kRefusals.begin(), kRefusals.end(), error) != kRefusals.end();
}

std::optional<FileRights> RightsFromDefaultAcl(std::string_view acl) {
  auto entries = Parse(acl);
  if (!entries) return std::nullopt;
  AclEntry* const user = Find(*entries, kUserObject);
  AclEntry* const group = Find(*entries, kGroupObject);
  AclEntry* const other = Find(*entries, kOther);
  AclEntry* const mask = Find(*entries, kMask);
  if (user == nullptr || group == nullptr || other == nullptr) return std::nullopt;
  AclEntry* const group_class = mask == nullptr ? group : mask;
  for (AclEntry* entry : {user, group_class, other}) entry->rights &= kReadWrite;
  FileRights rights;
  rights.mode = static_cast<mode_t>(user->rights << 6 | group_class->rights << 3 | other->rights);
  if (entries->size() > 3) rights.acl = Format(*entries);
  return rights;
}

absl::StatusOr<FileRights> RightsOfNewFile(int directory, mode_t umask, const std::string& path) {
  absl::StatusOr<std::string> acl = ReadAcl(directory, kDefaultAcl, path);
  if (!acl.ok()) return acl.status();
  if (acl->empty()) return FileRights{0666 & ~umask, {}, std::nullopt};
  std::optional<FileRights> rights = RightsFromDefaultAcl(*acl);
  if (rights) return *std::move(rights);
  return error::Unavailable("the default ACL of \"" + path + "\" cannot be read");
}

absl::StatusOr<FileRights> RightsOfFile(int directory, const std::string& name,
                                        const SeenFile& file, const std::string& path) {
  FileRights rights{file.id.mode & 0777, {}, file.group};
  const UniqueFd fd(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return FileError(errno, "examine", path);
  absl::StatusOr<SeenFile> opened = LookAt(fd.get(), path);
  if (!opened.ok()) return opened.status();
  if (!IsSameFile(opened->id, file.id)) return error::Unavailable("\"" + path + "\" has changed");
  absl::StatusOr<std::string> acl = ReadAcl(fd.get(), kAccessAcl, path);
  if (!acl.ok()) return acl.status();
  rights.acl = *std::move(acl);
  return rights;
}

FileRights WithoutGroup(FileRights rights) {
  const mode_t other = rights.mode & 07;
  if (rights.acl.empty()) {
    rights.mode &= ~mode_t{070} | (other << 3);
    return rights;
  }
  auto entries = Parse(rights.acl);
  AclEntry* const group = entries ? Find(*entries, kGroupObject) : nullptr;
  if (group == nullptr) return {rights.mode & 0700, {}, std::nullopt};
  group->rights &= static_cast<uint16_t>(other);
  rights.acl = Format(*entries);
  return rights;
}

absl::Status CheckNoMore(const SeenFile& file, const FileRights& rights, const std::string& path) {
  const bool more = (file.id.mode & ~rights.mode & kData) != 0;
  return more ? TooMany(file.id.mode, rights.mode, path) : absl::OkStatus();
}

absl::StatusOr<bool> SetRights(int fd, const SeenFile& now, const FileRights& wanted,
                               const std::string& path) {
  FileRights rights = wanted;
  bool all = true;
  if (rights.group && *rights.group != now.group &&
      ::fchown(fd, static_cast<uid_t>(-1), *rights.group) != 0) {
    rights = WithoutGroup(std::move(rights));
    all = false;
  }
  if (now.id.mode != rights.mode || !rights.acl.empty() || HasAcl(fd)) {
    const int error = SetAclOrMode(fd, rights);
    if (error != 0 && !IsRefusalOfAttributes(error)) {
      return FileError(error, "set the mode of", path);
    }
  }
  absl::StatusOr<SeenFile> after = LookAt(fd, path);
  if (!after.ok()) return after.status();
  if (absl::Status status = CheckNoMore(*after, rights, path); !status.ok()) return status;
  const bool same_acl = rights.acl.empty() || HasAcl(fd);
  return all && same_acl && (after->id.mode & kData) == (rights.mode & kData);
}

}  // namespace bitsd
