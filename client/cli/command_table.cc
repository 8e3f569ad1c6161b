#include <cctype>

#include "client/cli/command.h"

namespace bits::cli {
namespace {

constexpr std::string_view kLevels[] = {"anonymous", "identify", "impersonate", "delegate"};
constexpr std::string_view kColors[] = {"auto", "always", "never"};

constexpr Parameter kGlobal[] = {
    {.name = "--endpoint",
     .value = "ADDRESS:PORT",
     .help = "Where bitsd listens; without it 127.0.0.1:7443"},
    {.name = "--cert", .value = "FILE", .help = "Your certificate, PEM", .offer = Offer::kFile},
    {.name = "--key", .value = "FILE", .help = "Its private key, PEM", .offer = Offer::kFile},
    {.name = "--ca",
     .value = "FILE",
     .help = "Roots that the service's certificate must come from, PEM",
     .offer = Offer::kFile},
    {.name = "--as",
     .value = "NAME|SID",
     .help = "An identity of the configuration file; or a SID: nothing is sent unless your "
             "certificate has it",
     .offer = Offer::kIdentity},
    {.name = "--config",
     .value = "FILE",
     .help = "Configuration file; without it $XDG_CONFIG_HOME/bitsctl/config.yaml",
     .offer = Offer::kFile},
    {.name = "--timeout",
     .value = "SECONDS",
     .help = "For each call, 0.001 to 86400; without it 30"},
    {.name = "--filter-admin",
     .value = "",
     .help = "Present yourself without administrators' rights"},
    {.name = "--impersonation-level",
     .value = "LEVEL",
     .help = "What the service may do as you; without it impersonate",
     .offer = Offer::kChoices,
     .choices = kLevels},
    {.name = "--json",
     .value = "",
     .help = "Answers and errors as JSON on standard output; what goes on for long as one object a "
             "line"},
    {.name = "--color",
     .value = "WHEN",
     .help = "auto (on a terminal, unless NO_COLOR is set), always or never",
     .offer = Offer::kChoices,
     .choices = kColors},
};

}  // namespace

std::span<const CommandGroup> CommandTable() {
  static const CommandGroup table[] = {
      {"Transfers", TransferCommands()},  {"Jobs", JobCommands()},
      {"Looking", QueryCommands()},       {"Watching", MonitorCommands()},
      {"Properties", PropertyCommands()}, {"Network", NetworkCommands()},
      {"Helper token", TokenCommands()},  {"Logon sessions", SessionCommands()},
      {"Identity", IdentityCommands()},   {"Shell", ShellCommands()},
  };
  return table;
}

std::vector<const Command*> AllCommands() {
  std::vector<const Command*> all;
  for (const CommandGroup& group : CommandTable()) {
    for (const Command& command : group.commands) all.push_back(&command);
  }
  return all;
}

std::span<const Parameter> GlobalParameters() { return kGlobal; }

std::string EnvironmentName(std::string_view option) {
  std::string name = "BITSCTL";
  option.remove_prefix(1);
  for (const char c : option) {
    name.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return name;
}

}  // namespace bits::cli
