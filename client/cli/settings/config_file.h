// The configuration file of bitsctl: named identities, so that --as NAME is enough.
//
//   default: alice
//   identities:
//     alice:
//       endpoint: 192.0.2.1:7443          # optional, as are the last two
//       certificate: alice.crt            # PEM files; relative to the folder of this file
//       key: alice.key                    # yours, mode 0600
//       roots: ca.crt
//       impersonation_level: impersonate
//       filter_admin: false
//
// Who can write this file decides who you are to a service: it must belong to you or root and be
// writable by nobody else. Thread safety: a value; reading is pure but for the file system.

#ifndef BITSD_CLIENT_CLI_SETTINGS_CONFIG_FILE_H_
#define BITSD_CLIENT_CLI_SETTINGS_CONFIG_FILE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bits::cli {

/// Values by the global option they stand for, such as "--cert"; paths are absolute or as given.
using NamedIdentity = std::map<std::string, std::string, std::less<>>;

struct ConfigFile {
  std::string path;
  std::string default_identity;  ///< Empty: none.
  std::map<std::string, NamedIdentity, std::less<>> identities;
};

/// INVALID_ARGUMENT with the line for what is not understood. Relative paths get `path`'s folder.
absl::StatusOr<ConfigFile> ParseConfig(const std::string& path, const std::string& yaml);

/// NOT_FOUND when there is no file; FAILED_PRECONDITION that says what to do when others could
/// have written it.
absl::StatusOr<ConfigFile> ReadConfig(const std::string& path);

/// OK when nobody but its owner and root can read the private key `path`; else what to do.
absl::Status CheckKeyFile(const std::string& path);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_SETTINGS_CONFIG_FILE_H_
