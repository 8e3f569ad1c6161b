#include "server/app/supervision.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/app/protected_files.h"
#include "server/base/unique_fd.h"
#include "server/error/errors.h"
#include "server/network/agent_process.h"
#include "server/network/secret_files.h"
#include "server/ops/config_change.h"

namespace bitsd {
namespace {

/// What the broker goes by: the file as it is now, but for keys that need a restart.
absl::StatusOr<BrokerFiles> LoadBrokerFiles(const Config& start, uid_t owner) {
  absl::StatusOr<Config> read = ReadConfig(start.path, owner);
  if (!read.ok()) return read.status();
  const Config config = ReloadConfig(start, *std::move(read)).config;
  auto directory = ReadAccounts(config, owner);
  if (!directory.ok()) return directory.status();
  std::vector<std::string> secrets = network::SecretPaths(**directory);
  // Those of a configuration that was reloaded; supervisor options have those of the start.
  secrets.insert(secrets.end(), config.network.crls.begin(), config.network.crls.end());
  if (!config.network.ca_file.empty()) secrets.push_back(config.network.ca_file);
  return BrokerFiles{*std::move(directory), config.allowed_roots, std::move(secrets)};
}

/// Gives `name` in the folder `parent`, which was just made, to the service: what was opened, and
/// no link that somebody has put in its place.
absl::Status GiveFolder(int parent, const std::string& name, uid_t uid, gid_t gid) {
  const UniqueFd fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat now {};
  const bool opened = fd.valid() && fstat(fd.get(), &now) == 0;
  if (opened && now.st_uid != geteuid()) return error::InvalidArgument("somebody replaced it");
  if (opened && fchown(fd.get(), uid, gid) == 0) return absl::OkStatus();
  return error::InvalidArgument(absl::StrCat("cannot give it to uid ", uid, ": ", strerror(errno)));
}

absl::Status PrepareFolder(const Config& config, const std::string& folder) {
  const size_t slash = folder.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : folder.substr(0, slash + 1);
  const std::string name = folder.substr(slash == std::string::npos ? 0 : slash + 1);
  const UniqueFd around(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!around.valid()) return error::InvalidArgument(strerror(errno));
  const mode_t mode = folder == config.state_dir ? 0700 : 0750;
  if (mkdirat(around.get(), name.c_str(), mode) != 0) {
    return errno == EEXIST ? absl::OkStatus() : error::InvalidArgument(strerror(errno));
  }
  if (geteuid() != 0 || !config.run_as_uid || !config.run_as_gid) return absl::OkStatus();
  return GiveFolder(around.get(), name, *config.run_as_uid, *config.run_as_gid);
}

}  // namespace

absl::Status PrepareFolders(const Config& config) {
  for (const std::string& folder : {config.state_dir, config.run_dir, config.log_dir}) {
    absl::Status made = PrepareFolder(config, folder);
    if (made.ok()) continue;
    return error::InvalidArgument(absl::StrCat("cannot make ", folder, ": ",
                                               std::string(made.message()), "; make it yourself"));
  }
  return absl::OkStatus();
}

SupervisorOptions SupervisorOptionsOf(const Config& config) {
  SupervisorOptions options;
  options.run_as_uid = config.run_as_uid;
  options.run_as_gid = config.run_as_gid;
  options.broker.load = [config](uid_t owner) { return LoadBrokerFiles(config, owner); };
  options.broker.watched_files = {config.account_directory, config.path};
  if (geteuid() != 0) options.broker.trusted_owner = geteuid();
  options.broker.protected_paths = ProtectedPaths(config);
  options.broker.allow_root = config.allow_root;
  options.broker.run_agent = network::RunAgent;
  return options;
}

}  // namespace bitsd
