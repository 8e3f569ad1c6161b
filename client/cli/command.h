// A verb of bitsctl, and how its function is called.
//
// Each group of verbs is a table of Command in a file of its own; app.cc puts them together. Thread
// safety: none; a run is one thread. Ownership: a verb's options live as long as its action.

#ifndef BITSD_CLIENT_CLI_COMMAND_H_
#define BITSD_CLIENT_CLI_COMMAND_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <span>
#include <string>

#include "client/cli/context.h"

namespace bits::cli {

struct Command {
  const char* name;
  const char* help;
  /// Adds the verb's options to `verb`, and what it does (OnRun, OnRunConnected).
  void (*build)(CLI::App& verb, Context& context);
};

std::span<const Command> JobCommands();
std::span<const Command> QueryCommands();
std::span<const Command> PropertyCommands();
std::span<const Command> MonitorCommands();
std::span<const Command> TokenCommands();
std::span<const Command> IdentityCommands();

/// The verb calls `run(context, options)`.
template <typename Options>
void OnRun(CLI::App& verb, Context& context, std::shared_ptr<Options> options,
           absl::Status (*run)(Context&, const Options&)) {
  verb.callback([&context, options, run] {
    context.action = [&context, options, run] { return run(context, *options); };
  });
}

/// The verb connects and calls `run(context, client, options)`.
template <typename Options>
void OnRunConnected(CLI::App& verb, Context& context, std::shared_ptr<Options> options,
                    absl::Status (*run)(Context&, const Client&, const Options&)) {
  verb.callback([&context, options, run] {
    context.action = [&context, options, run]() -> absl::Status {
      const auto client = context.Connect();
      return client.ok() ? run(context, *client, *options) : client.status();
    };
  });
}

inline constexpr char kJobHelp[] = "The job's id, or its display name when only one job has it";

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_COMMAND_H_
