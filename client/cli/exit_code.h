// How bitsctl ends: exit codes that scripts can use, in one stable table.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_EXIT_CODE_H_
#define BITSD_CLIENT_CLI_EXIT_CODE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace bits::cli {

enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitDenied = 4,
  kExitNoConnection = 5,
  kExitTimeout = 6,
  kExitWrongState = 7,
  kExitLimit = 8,
  kExitNotBuilt = 9,
  kExitInterrupted = 130,
};

struct ExitCodeRow {
  ExitCode code;
  std::string_view meaning;
};

/// Every exit code, in order.
std::span<const ExitCodeRow> ExitCodes();

ExitCode ExitCodeOf(const absl::Status& status);

/// `status`, which ends the run with `code` whatever its own code means.
absl::Status WithExitCode(absl::Status status, ExitCode code);

/// The command line asks for something that cannot be meant.
absl::Status UsageError(const std::string& message);

/// The identity to connect with is missing or cannot be used.
absl::Status IdentityError(const absl::Status& why);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_EXIT_CODE_H_
