// A small certificate authority for development and tests: a root, a server, clients with a SID.
//
// EC P-256 keys, unencrypted, mode 0600; certificates 0644; nothing is ever overwritten. Thread
// safety: pure functions on the file system.

#ifndef BITSD_CLIENT_CLI_PKI_H_
#define BITSD_CLIENT_CLI_PKI_H_

#include <string>

#include "absl/status/status.h"

namespace bits::cli {

inline constexpr int kMaxClientDays = 3650;

/// Makes `directory` when it is missing, and in it ca.crt and ca.key, and server.crt and server.key
/// for localhost, 127.0.0.1 and ::1.
absl::Status InitPki(const std::string& directory);

/// Makes NAME.crt and NAME.key in `directory`, signed by its ca.key: a client certificate that
/// carries `sid` and ends after `days`, or with the root when that is earlier.
absl::Status IssueClient(const std::string& directory, const std::string& name,
                         const std::string& sid, int days);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_PKI_H_
