// A password, from where it does not show: a file of one's own, standard input, or a prompt.
//
// Thread safety: none; a run is one thread, and the terminal is shared.

#ifndef BITSD_CLIENT_CLI_PASSWORD_H_
#define BITSD_CLIENT_CLI_PASSWORD_H_

#include <iosfwd>
#include <string>

#include "absl/status/statusor.h"

namespace bits::cli {

/// The first line of `file` (the caller's own, no access for others), of `in` for "-", or for an
/// empty name what is typed at the terminal, unseen. An error without a terminal.
absl::StatusOr<std::string> ReadPassword(const std::string& file, std::istream& in);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_PASSWORD_H_
