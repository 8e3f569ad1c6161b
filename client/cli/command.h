// A command of bitsctl as data: one table makes parser, help, completion and manual page.
//
// Thread safety: constants. Ownership: everything refers to data that lives as long as the program.

#ifndef BITSD_CLIENT_CLI_COMMAND_H_
#define BITSD_CLIENT_CLI_COMMAND_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bitsd/client/client.h"
#include "client/cli/arguments.h"

namespace bits::cli {

struct Context;

/// What a shell offers for a value, and what the parser takes.
enum class Offer {
  kNothing,
  kFile,
  kFolder,
  kJob,
  kIdentity,     ///< A name of the configuration file.
  kChoices,      ///< One of `choices`, in any case; the parser refuses anything else.
  kSuggestions,  ///< `choices`, and other text.
};

struct Parameter {
  std::string_view name;   ///< "--type"; without dashes it is a positional argument.
  std::string_view value;  ///< "TYPE"; empty for a flag.
  std::string_view help;
  Offer offer = Offer::kNothing;
  std::span<const std::string_view> choices{};
  bool required = false;
  bool many = false;

  bool IsPositional() const { return !name.starts_with('-'); }
  bool IsFlag() const { return value.empty(); }
};

struct Command {
  std::string_view name;  ///< "create"; of two words in a group, such as "pki init".
  std::string_view summary;
  std::string_view details;
  std::string_view example;  ///< Whole command lines.
  std::span<const Parameter> parameters{};
  /// Methods of the service that it may call, such as "BackgroundCopyManager.CreateJob".
  std::string_view methods{};
  /// One of the two: what needs no service, and what does.
  absl::Status (*local)(Context&, const Arguments&) = nullptr;
  absl::Status (*remote)(Context&, const Client&, const Arguments&) = nullptr;
};

/// Commands under one heading.
struct CommandGroup {
  std::string_view title;
  std::span<const Command> commands;
};

std::span<const Command> JobCommands();
std::span<const Command> TransferCommands();
std::span<const Command> QueryCommands();
std::span<const Command> MonitorCommands();
std::span<const Command> PropertyCommands();
std::span<const Command> NetworkCommands();
std::span<const Command> TokenCommands();
std::span<const Command> SessionCommands();
std::span<const Command> IdentityCommands();
std::span<const Command> ShellCommands();

/// The table of everything.
std::span<const CommandGroup> CommandTable();

/// The same, one after the other.
std::vector<const Command*> AllCommands();

/// Options that every command takes; each has an environment variable.
std::span<const Parameter> GlobalParameters();

/// "BITSCTL_IMPERSONATION_LEVEL" for "--impersonation-level".
std::string EnvironmentName(std::string_view option);

inline constexpr std::string_view kPriorities[] = {"FOREGROUND", "HIGH", "NORMAL", "LOW"};
inline constexpr std::string_view kJobTypes[] = {"DOWNLOAD", "UPLOAD", "UPLOAD_REPLY"};
inline constexpr std::string_view kTokenFlags[] = {"LOCAL_FILE", "NETWORK", "LOCAL_FILE,NETWORK",
                                                   "NONE"};

inline constexpr Parameter kJobParameter{
    .name = "job",
    .value = "JOB",
    .help = "Id, beginning of an id, or display name; it must mean one job",
    .offer = Offer::kJob,
    .required = true};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_COMMAND_H_
