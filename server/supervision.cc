#include "server/supervision.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/material.h"
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

}  // namespace

absl::Status PrepareFolders(const Config& config) {
  for (const std::string& folder : {config.state_dir, config.run_dir, config.log_dir}) {
    const mode_t mode = folder == config.state_dir ? 0700 : 0750;
    if (mkdir(folder.c_str(), mode) != 0) {
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
  options.broker.load = [config](uid_t owner) { return LoadBrokerFiles(config, owner); };
  options.broker.watched_files = {config.account_directory, config.path};
  if (geteuid() != 0) options.broker.trusted_owner = geteuid();
  options.broker.protected_paths = ProtectedPaths(config);
  options.broker.allow_root = config.allow_root;
  options.broker.run_agent = network::RunAgent;
  return options;
}

}  // namespace bitsd
