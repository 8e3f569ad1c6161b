#include "client/cli/app.h"

#include <ostream>

#include "client/cli/command.h"

namespace bits::cli {
namespace {

struct Group {
  const char* title;
  std::span<const Command> commands;
};

constexpr char kFooter[] =
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 no connection.\n"
    "\n"
    "A download as yourself:\n"
    "  bitsctl create nightly\n"
    "  bitsctl add-file nightly https://mirror.example/a.iso /srv/in/a.iso\n"
    "  bitsctl resume nightly && bitsctl monitor nightly && bitsctl complete nightly\n"
    "\n"
    "A download whose file is written as somebody else, who lends the identity:\n"
    "  you:    bitsctl get-handle nightly --helper S-1-5-21-1-2-3-1002 --handle-file h\n"
    "  you:    bitsctl set-helper-token-flags --handle-file h LOCAL_FILE\n"
    "  helper: bitsctl set-helper-token --handle-file - < h\n"
    "  you:    bitsctl add-file ..., resume, monitor, complete as above\n";

void AddIdentityOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--endpoint", options.endpoint, "Where bitsd listens")
      ->envname("BITSCTL_ENDPOINT")
      ->capture_default_str();
  app.add_option("--cert", options.certificate, "Your certificate, PEM")->envname("BITSCTL_CERT");
  app.add_option("--key", options.key, "Its private key, PEM")->envname("BITSCTL_KEY");
  app.add_option("--ca", options.roots, "Roots the service's certificate must come from, PEM")
      ->envname("BITSCTL_CA");
}

void AddCallOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--timeout", options.timeout_seconds, "Seconds for each call")
      ->check(CLI::Range(0.001, 86400.0))
      ->capture_default_str();
  app.add_flag("--filter-admin", options.filter_admin,
               "Present yourself without administrators' rights");
  app.add_option("--impersonation-level", options.impersonation_level,
                 "What the service may do as you")
      ->check(CLI::IsMember({"anonymous", "identify", "impersonate", "delegate"}))
      ->capture_default_str();
  app.add_flag("--json", options.json, "Print answers as JSON");
}

void AddCommands(CLI::App& app, Context& context) {
  const Group groups[] = {
      {"Jobs", JobCommands()},           {"Looking", QueryCommands()},
      {"Watching", MonitorCommands()},   {"Properties", PropertyCommands()},
      {"Helper token", TokenCommands()}, {"Identity", IdentityCommands()},
  };
  for (const Group& group : groups) {
    for (const Command& command : group.commands) {
      CLI::App* verb = app.add_subcommand(command.name, command.help)->group(group.title);
      command.build(*verb, context);
    }
  }
}

int Finish(const absl::Status& status, std::ostream& err) {
  if (!status.ok()) err << DescribeError(status);
  return ExitCodeOf(status);
}

int Parse(CLI::App& app, int argc, const char* const* argv, const Streams& streams) {
  try {
    app.parse(argc, argv);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    // Help and version come as errors with status 0.
    return app.exit(error, streams.out, streams.err) == 0 ? kExitOk : kExitUsage;
  }
}

}  // namespace

int Run(int argc, const char* const* argv, const Streams& streams) {
  Context context(streams.in, streams.out, streams.out_is_terminal);
  CLI::App app("bitsctl: background transfers with two identities per job", "bitsctl");
  app.set_version_flag("--version", BITSD_VERSION);
  app.fallthrough();  // Global options are understood behind the verb, too.
  app.require_subcommand(1);
  app.footer(kFooter);
  AddIdentityOptions(app, context.options);
  AddCallOptions(app, context.options);
  AddCommands(app, context);
  const int parsed = Parse(app, argc, argv, streams);
  if (parsed != kExitOk || !context.action) return parsed;
  return Finish(context.action(), streams.err);
}

}  // namespace bits::cli
