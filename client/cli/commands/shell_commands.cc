// completion, man.

#include <nlohmann/json.hpp>

#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/docs/completion.h"
#include "client/cli/docs/man_page.h"

namespace bits::cli {
namespace {

void ShowText(const Context& context, const std::string& name, const std::string& text) {
  context.ShowJson(nlohmann::json{{name, text}}.dump(), text);
}

absl::Status PrintScript(Context& context, const Arguments& arguments) {
  const auto script = CompletionScript(arguments.Text("shell"));
  if (!script.ok()) return script.status();
  ShowText(context, "completion", *script);
  return absl::OkStatus();
}

absl::Status PrintManual(Context& context, const Arguments&) {
  ShowText(context, "man", ManPage());
  return absl::OkStatus();
}

constexpr Parameter kCompletion[] = {{.name = "shell",
                                      .value = "SHELL",
                                      .help = "Which",
                                      .offer = Offer::kChoices,
                                      .choices = kShells,
                                      .required = true}};

constexpr Command kCommands[] = {
    {.name = "completion",
     .summary = "Print the completion script for a shell",
     .details = "It completes commands, options, values, files, identities, and jobs live.",
     .example = "source <(bitsctl completion bash)",
     .parameters = kCompletion,
     .local = PrintScript},
    {.name = "man",
     .summary = "Print the manual page, for man(1)",
     .details = "",
     .example = "bitsctl man | man -l -",
     .local = PrintManual},
};

}  // namespace

std::span<const Command> ShellCommands() { return kCommands; }

}  // namespace bits::cli
