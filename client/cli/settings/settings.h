// The global options after flags, environment and configuration file have been weighed.
//
// A flag wins over the environment, the environment over the file. An identity is chosen as a
// whole: --as NAME brings its own certificate, key and roots, which no environment variable
// changes; and the file's default identity has no say once a certificate is given otherwise.
// Thread safety: a value.

#ifndef BITSD_CLIENT_CLI_SETTINGS_SETTINGS_H_
#define BITSD_CLIENT_CLI_SETTINGS_SETTINGS_H_

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cli/settings/config_file.h"

namespace bits::cli {

/// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Setting {
  std::string value;
  std::string source;  ///< "--cert", "BITSCTL_CERT", "identity alice", "built in"; empty: not set.
};

class Settings {
 public:
  /// Weighs what was given. Reads the configuration file only when something depends on it; that it
  /// cannot be used is in identity_status, because not every command needs an identity.
  static absl::StatusOr<Settings> Resolve(const Arguments& flags, const Environment& environment);

  /// The settings with which `name` of the configuration file connects.
  absl::StatusOr<Settings> As(const std::string& name) const;

  /// By the name of the global option, such as "--cert".
  const Setting& Of(std::string_view option) const;
  std::string Text(std::string_view option) const { return Of(option).value; }

  bool json() const { return Text("--json") == "true"; }
  bool filter_admin() const { return Text("--filter-admin") == "true"; }
  std::chrono::milliseconds timeout() const;

  /// OK, or why the identity that was asked for cannot be used.
  const absl::Status& identity_status() const { return identity_status_; }
  /// What --as said when it named a SID: the only one to connect as. Empty: any.
  const std::string& expected_sid() const { return expected_sid_; }
  /// The identity of the configuration file that is used; empty: none.
  const std::string& identity() const { return identity_; }
  /// Where the configuration file is, or would be.
  const std::string& config_path() const { return config_path_; }

  /// The whole configuration file; NOT_FOUND when there is none.
  absl::StatusOr<ConfigFile> Config() const { return ReadConfig(config_path_); }

 private:
  absl::Status ChooseIdentity(const Arguments& flags);
  absl::Status UseIdentity(const std::string& name, bool by_flag);
  absl::Status Check() const;

  std::map<std::string, Setting, std::less<>> values_;
  absl::Status identity_status_;
  std::string expected_sid_;
  std::string identity_;
  std::string config_path_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_SETTINGS_SETTINGS_H_
