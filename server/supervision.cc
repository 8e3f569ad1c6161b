#include "server/supervision.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/identity/file_directory.h"

namespace bitsd {
namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// bitsd's own files and the folders that hold them: out of reach of every job.
std::vector<std::string> ProtectedPaths(const Config& config) {
  std::vector<std::string> paths = {config.state_dir, config.run_dir, config.log_dir};
  std::vector<std::string> files = config.tls_san_sid_roots;
  files.insert(files.end(), {config.path, config.tls_certificate, config.tls_key, config.tls_roots,
                             config.account_directory});
  for (const std::string& file : files) {
    paths.push_back(file);
    if (const std::string folder = FolderOf(file); !folder.empty()) paths.push_back(folder);
  }
  return paths;
}

}  // namespace

absl::Status PrepareFolders(const Config& config) {
  for (const std::string& folder : {config.state_dir, config.run_dir, config.log_dir}) {
    if (mkdir(folder.c_str(), 0750) != 0) {
      if (errno == EEXIST) continue;
      return error::InvalidArgument(
          absl::StrCat("cannot make ", folder, ": ", strerror(errno), "; make it yourself"));
    }
    if (geteuid() != 0 || !config.run_as_uid || !config.run_as_gid) continue;
    if (chown(folder.c_str(), *config.run_as_uid, *config.run_as_gid) != 0) {
      return error::InvalidArgument(absl::StrCat("cannot give ", folder, " to uid ",
                                                 *config.run_as_uid, ": ", strerror(errno)));
    }
  }
  return absl::OkStatus();
}

SupervisorOptions SupervisorOptionsOf(const Config& config) {
  SupervisorOptions options;
  options.run_as_uid = config.run_as_uid;
  options.run_as_gid = config.run_as_gid;
  options.broker.load_directory =
      [path = config.account_directory,
       groups =
           config.privileged_groups]() -> absl::StatusOr<std::shared_ptr<const AccountDirectory>> {
    auto directory = LoadAccountDirectory(path, groups);
    if (!directory.ok()) return directory.status();
    return std::shared_ptr<const AccountDirectory>(*std::move(directory));
  };
  options.broker.trusted_files = {config.account_directory, config.path};
  if (geteuid() != 0) options.broker.trusted_owner = geteuid();
  options.broker.protected_paths = ProtectedPaths(config);
  options.broker.allowed_roots = config.allowed_roots;
  options.broker.allow_root = config.allow_root;
  return options;
}

}  // namespace bitsd
