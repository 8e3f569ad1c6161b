// What every command of bitsctl has: the global options, the streams, and how a run ends.
//
// Thread safety: none; a run is one thread. Ownership: the streams outlive the context.

#ifndef BITSD_CLIENT_CLI_CONTEXT_H_
#define BITSD_CLIENT_CLI_CONTEXT_H_

#include <functional>
#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/client.h"

namespace bits::cli {

struct GlobalOptions {
  std::string endpoint = "127.0.0.1:7443";
  std::string certificate;
  std::string key;
  std::string roots;
  double timeout_seconds = 30;
  bool filter_admin = false;
  std::string impersonation_level = "impersonate";
  bool json = false;
};

struct Context {
  Context(std::istream& input, std::ostream& output, bool output_is_terminal)
      : in(input), out(output), terminal(output_is_terminal) {}

  /// A client for the global options.
  absl::StatusOr<Client> Connect() const;

  /// Prints `text`, or `message` as JSON when that was asked for.
  void Show(const google::protobuf::Message& message, const std::string& text);

  std::istream& in;
  std::ostream& out;
  const bool terminal;  ///< `out` is a terminal, where a line may be drawn over.
  GlobalOptions options;
  std::function<absl::Status()> action;  ///< What the parsed verb does.
};

enum ExitCode { kExitOk = 0, kExitRefused = 1, kExitUsage = 2, kExitNoConnection = 3 };

/// The command line asks for something that cannot be meant.
absl::Status UsageError(const std::string& message);

/// The identity to connect with is missing or cannot be used.
absl::Status IdentityError(const absl::Status& why);

ExitCode ExitCodeOf(const absl::Status& status);

/// Message, reason and rule of a failed status, and what to try where that is known.
std::string DescribeError(const absl::Status& status);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_CONTEXT_H_
