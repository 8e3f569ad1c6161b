// Which folders and files a job may reach: no links, no pseudo file systems, nothing of bitsd's
// own.
//
// A path is opened component by component, and every folder on the way is judged by device and
// inode, so that another spelling, a bind mount or a race changes nothing. What is judged is what
// is used: callers work below the descriptor that OpenDirectory returns. A protected path that does
// not exist yet is guarded by the folder it would be in and its name.
//
// Thread safety: const methods may be called from any thread; they act as the calling process.
// Ownership: keeps the protected folders open, so that their inodes are not given to others.

#ifndef BITSD_SERVER_BROKER_FILES_SAFE_PATH_H_
#define BITSD_SERVER_BROKER_FILES_SAFE_PATH_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/model/file_id.h"

namespace bitsd {

struct SafePathOptions {
  /// Folders and files that no job may reach. Below a folder, nothing is reachable.
  std::vector<std::string> protected_paths;
  /// Folders below which jobs may work; empty: everywhere.
  std::vector<std::string> allowed_roots;
  /// Empty allowed_roots mean nowhere instead.
  bool roots_required = false;
};

class SafePaths {
 public:
  /// E_INVALIDARG with what to do when a path cannot be examined or an allowed root is no folder.
  static absl::StatusOr<SafePaths> Make(const SafePathOptions& options);

  /// Opens `path` (canonical, as policy::CheckLocalName has it, or "/") with O_PATH; nullopt when
  /// it does not exist.
  absl::StatusOr<std::optional<UniqueFd>> FindDirectory(const std::string& path) const;

  /// As FindDirectory; E_INVALIDARG when it does not exist.
  absl::StatusOr<UniqueFd> OpenDirectory(const std::string& path) const;

  /// Refuses `name` in `directory` when it is, or would become, a protected file.
  absl::Status CheckEntry(int directory, const std::string& name, const std::string& path) const;

  /// The same in the folder `directory`.
  absl::Status CheckEntry(FileId directory, std::string_view name, const std::string& path) const;

  /// Refuses a file that is protected, whatever its name. `path` is for the message.
  absl::Status CheckFile(FileId id, const std::string& path) const;

 private:
  /// `name` in the folder `parent`.
  struct Entry {
    FileId parent;
    std::string name;
  };
  struct Walk;

  SafePaths() = default;

  absl::Status Protect(const std::string& path);
  absl::Status ProtectName(const std::string& path);
  absl::Status Allow(const std::string& path);
  void ExcludeDevices();
  absl::Status Judge(int directory, const std::string& path, bool* below_root) const;
  absl::Status Step(Walk* walk, const std::string& name, bool* missing) const;
  bool IsProtectedEntry(FileId parent, std::string_view name) const;

  std::vector<UniqueFd> pinned_;
  std::vector<FileId> protected_;
  std::vector<Entry> protected_entries_;
  std::vector<FileId> roots_;
  std::optional<FileId> devices_;           ///< The folder /dev.
  std::optional<uint64_t> devices_device_;  ///< The file system mounted there.
  bool everywhere_ = false;
  bool roots_required_ = false;
};

/// What a failed file call means to a job: E_ACCESSDENIED not_permitted, ERROR_DISK_FULL,
/// E_INVALIDARG or kUnavailable. `action` completes "uid 61001 may not ... PATH".
absl::Status FileError(int error, std::string_view action, const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_SAFE_PATH_H_
