#include "server/broker/files/safe_path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

// These are not in <linux/magic.h>.
constexpr uint32_t kConfigFs = 0x62656570;
constexpr uint32_t kMessageQueueFs = 0x19800202;
constexpr uint32_t kFuseControlFs = 0x65735543;
constexpr uint32_t kRpcPipeFs = 0x67596969;

constexpr auto kPseudoFileSystems = std::to_array<uint32_t>({
    PROC_SUPER_MAGIC, SYSFS_MAGIC,          CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,    TRACEFS_MAGIC,        SECURITYFS_MAGIC,   BPF_FS_MAGIC,
    PSTOREFS_MAGIC,   EFIVARFS_MAGIC,       DEVPTS_SUPER_MAGIC, BINFMTFS_MAGIC,
    SELINUX_MAGIC,    SMACK_MAGIC,          NSFS_MAGIC,         HUGETLBFS_MAGIC,
    AAFS_MAGIC,       RDTGROUP_SUPER_MAGIC, kConfigFs,          kMessageQueueFs,
    kFuseControlFs,   kRpcPipeFs,
});

bool IsPseudoFileSystem(uint32_t type) {
  return std::find(kPseudoFileSystems.begin(), kPseudoFileSystems.end(), type) !=
         kPseudoFileSystems.end();
}

bool Contains(const std::vector<FileId>& ids, FileId id) {
  return std::any_of(ids.begin(), ids.end(),
                     [&](const FileId& other) { return IsSameFile(id, other); });
}

FileId IdOf(const struct stat& file) {
  FileId id;
  id.device = file.st_dev;
  id.inode = file.st_ino;
  return id;
}

std::string Quoted(const std::string& path) { return "\"" + path + "\""; }

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

int OpenComponent(int directory, const char* name) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof(how)));
}

absl::Status CannotExamine(const std::string& path, int error) {
  return error::InvalidArgument("cannot examine " + Quoted(path) + ": " + std::strerror(error) +
                                "; bitsd must be able to reach it to keep jobs out of it");
}

absl::Status Protected(const std::string& path) {
  return error::AccessDenied(Rule::kPathProtected,
                             Quoted(path) + " belongs to bitsd itself: choose another folder");
}

absl::Status PseudoFileSystem(const std::string& path) {
  return error::AccessDenied(
      Rule::kPseudoFileSystem,
      Quoted(path) + " is in a pseudo file system or /dev: choose a folder for ordinary files");
}

}  // namespace

struct SafePaths::Walk {
  UniqueFd directory;
  FileId id;
  std::string path;  ///< Of `directory`, without a slash at its end: empty for the root.
  bool below_root = false;
};

absl::StatusOr<SafePaths> SafePaths::Make(const SafePathOptions& options) {
  SafePaths paths;
  paths.roots_required_ = options.roots_required;
  paths.everywhere_ = options.allowed_roots.empty() && !options.roots_required;
  for (const std::string& path : options.protected_paths) {
    if (absl::Status status = paths.Protect(path); !status.ok()) return status;
  }
  for (const std::string& path : options.allowed_roots) {
    if (absl::Status status = paths.Allow(path); !status.ok()) return status;
  }
  paths.ExcludeDevices();
  return paths;
}

absl::Status SafePaths::Protect(const std::string& path) {
  if (absl::Status status = policy::CheckLocalName(path); !status.ok()) {
    return error::InvalidArgument("cannot protect " + Quoted(path) + ": " +
                                  std::string(status.message()));
  }
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid() && errno != ENOENT) return CannotExamine(path, errno);
  struct stat file;
  if (fd.valid()) {
    if (::fstat(fd.get(), &file) != 0) return CannotExamine(path, errno);
    protected_.push_back(IdOf(file));
    pinned_.push_back(std::move(fd));
  }
  return ProtectName(path);
}

// The name stays guarded when the file is replaced, or made later.
absl::Status SafePaths::ProtectName(const std::string& path) {
  const std::string parent = policy::DirectoryOf(path);
  UniqueFd fd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT && parent != "/") return ProtectName(parent);
  struct stat file;
  if (!fd.valid() || ::fstat(fd.get(), &file) != 0) return CannotExamine(parent, errno);
  protected_entries_.push_back({IdOf(file), NameOf(path)});
  pinned_.push_back(std::move(fd));
  return absl::OkStatus();
}

absl::Status SafePaths::Allow(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat file;
  if (!fd.valid() || ::fstat(fd.get(), &file) != 0) {
    return error::InvalidArgument("allowed root " + Quoted(path) + ": " + std::strerror(errno) +
                                  "; create the folder or remove it from allowed_roots");
  }
  roots_.push_back(IdOf(file));
  pinned_.push_back(std::move(fd));
  return absl::OkStatus();
}

void SafePaths::ExcludeDevices() {
  struct stat root;
  struct stat devices;
  if (::stat("/", &root) != 0 || ::stat("/dev", &devices) != 0) return;
  devices_ = IdOf(devices);
  if (devices.st_dev != root.st_dev) devices_device_ = devices.st_dev;
}

bool SafePaths::IsProtectedEntry(FileId parent, std::string_view name) const {
  return std::any_of(protected_entries_.begin(), protected_entries_.end(), [&](const Entry& entry) {
    return IsSameFile(entry.parent, parent) && entry.name == name;
  });
}

absl::Status SafePaths::Judge(int directory, const std::string& path, bool* below_root) const {
  struct stat file;
  struct statfs system;
  if (::fstat(directory, &file) != 0 || ::fstatfs(directory, &system) != 0) {
    return FileError(errno, "examine", path);
  }
  const FileId id = IdOf(file);
  if (Contains(protected_, id)) return Protected(path);
  const bool device = (devices_ && IsSameFile(*devices_, id)) || devices_device_ == id.device;
  if (device || IsPseudoFileSystem(static_cast<uint32_t>(system.f_type))) {
    return PseudoFileSystem(path);
  }
  *below_root = *below_root || Contains(roots_, id);
  return absl::OkStatus();
}

absl::Status SafePaths::Step(Walk* walk, const std::string& name, bool* missing) const {
  const std::string path = walk->path + "/" + name;
  struct stat parent;
  if (::fstat(walk->directory.get(), &parent) != 0) return FileError(errno, "examine", path);
  if (IsProtectedEntry(IdOf(parent), name)) return Protected(path);
  UniqueFd next(OpenComponent(walk->directory.get(), name.c_str()));
  *missing = !next.valid() && errno == ENOENT;
  if (*missing) return absl::OkStatus();
  if (!next.valid()) return FileError(errno, "search", path);
  walk->directory = std::move(next);
  walk->path = path;
  return Judge(walk->directory.get(), path, &walk->below_root);
}

absl::StatusOr<std::optional<UniqueFd>> SafePaths::FindDirectory(const std::string& path) const {
  Walk walk;
  walk.directory.Reset(OpenComponent(AT_FDCWD, "/"));
  if (!walk.directory.valid()) return FileError(errno, "search", "/");
  absl::Status status = Judge(walk.directory.get(), "/", &walk.below_root);
  bool missing = false;
  for (size_t begin = 1; status.ok() && begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    status = Step(&walk, path.substr(begin, end - begin), &missing);
    if (missing) return std::optional<UniqueFd>();
    begin = end + 1;
  }
  if (!status.ok()) return status;
  if (walk.below_root || everywhere_) return std::optional<UniqueFd>(std::move(walk.directory));
  return error::AccessDenied(
      Rule::kPathOutsideRoots,
      Quoted(path) + (roots_.empty() && roots_required_
                          ? " is refused: without identity switching bitsd needs allowed_roots in "
                            "its configuration"
                          : " is outside the folders of allowed_roots: choose one below them"));
}

absl::StatusOr<UniqueFd> SafePaths::OpenDirectory(const std::string& path) const {
  absl::StatusOr<std::optional<UniqueFd>> found = FindDirectory(path);
  if (!found.ok()) return found.status();
  if (!*found) return error::InvalidArgument("directory " + Quoted(path) + " does not exist");
  return std::move(**found);
}

absl::Status SafePaths::CheckEntry(int directory, const std::string& name,
                                   const std::string& path) const {
  struct stat parent;
  if (::fstat(directory, &parent) != 0) return FileError(errno, "examine", path);
  return CheckEntry(IdOf(parent), name, path);
}

absl::Status SafePaths::CheckEntry(FileId directory, std::string_view name,
                                   const std::string& path) const {
  return IsProtectedEntry(directory, name) ? Protected(path) : absl::OkStatus();
}

absl::Status SafePaths::CheckFile(FileId id, const std::string& path) const {
  return Contains(protected_, id) ? Protected(path) : absl::OkStatus();
}

absl::Status FileError(int error, std::string_view action, const std::string& path) {
  const std::string reason = std::string(": ") + std::strerror(error);
  const std::string attempt = std::string(action) + " " + Quoted(path);
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return error::AccessDenied(Rule::kNotPermitted, "uid " + std::to_string(::geteuid()) +
                                                          " may not " + attempt + reason);
    case ENOSPC:
    case EDQUOT: return error::DiskFull("cannot " + attempt + reason);
    case ELOOP:
      return error::AccessDenied(Rule::kPathIsLink,
                                 Quoted(path) + " is a symbolic link: write the real path");
    case EISDIR:
      return error::AccessDenied(Rule::kPathNotRegular, Quoted(path) + " is not a regular file");
    case EEXIST:
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return error::InvalidArgument("cannot " + attempt + reason);
    default: return error::Unavailable("cannot " + attempt + reason + "; try again later");
  }
}

}  // namespace bitsd
