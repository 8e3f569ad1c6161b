#include "server/ops/config_change.h"

#include <utility>

namespace bitsd {
namespace {

/// Takes back the values of keys that need a restart.
class Keeper {
 public:
  Keeper(const Config& start, Config& config, std::vector<std::string>& changed)
      : start_(start), config_(config), changed_(changed) {}

  template <typename T>
  void Keep(const char* key, T Config::*member) {
    if (config_.*member == start_.*member) return;
    config_.*member = start_.*member;
    changed_.emplace_back(key);
  }

 private:
  const Config& start_;
  Config& config_;
  std::vector<std::string>& changed_;
};

}  // namespace

ConfigChange ReloadConfig(const Config& start, Config read) {
  ConfigChange change{std::move(read), {}};
  Keeper keeper(start, change.config, change.restart_needed);
  keeper.Keep("listen", &Config::listen);
  keeper.Keep("tls.certificate", &Config::tls_certificate);
  keeper.Keep("tls.key", &Config::tls_key);
  keeper.Keep("tls.roots", &Config::tls_roots);
  keeper.Keep("tls.san_sid_roots", &Config::tls_san_sid_roots);
  keeper.Keep("tls.crls", &Config::tls_crls);
  keeper.Keep("account_directory", &Config::account_directory);
  keeper.Keep("run_as.uid", &Config::run_as_uid);
  keeper.Keep("run_as.gid", &Config::run_as_gid);
  keeper.Keep("store", &Config::store);
  keeper.Keep("state_dir", &Config::state_dir);
  keeper.Keep("store_key_file", &Config::store_key_file);
  keeper.Keep("run_dir", &Config::run_dir);
  keeper.Keep("log_dir", &Config::log_dir);
  keeper.Keep("limits.max_running_jobs", &Config::max_running_jobs);
  keeper.Keep("limits.background_jobs", &Config::background_jobs);
  keeper.Keep("scheduler.time_slice", &Config::time_slice);
  keeper.Keep("scheduler.lend_after", &Config::lend_after);
  keeper.Keep("limits.connections", &Config::connections);
  keeper.Keep("limits.connections_per_address", &Config::connections_per_address);
  keeper.Keep("limits.connections_per_user", &Config::connections_per_user);
  keeper.Keep("timeouts.idle", &Config::idle_timeout);
  keeper.Keep("timeouts.listener", &Config::listener_timeout);
  // No keys of the file.
  change.config.path = start.path;
  change.config.allow_root = start.allow_root;
  return change;
}

}  // namespace bitsd
