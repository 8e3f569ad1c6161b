// whoami, and pki init and issue: what needs no service.

#include <google/protobuf/util/time_util.h>

#include <chrono>
#include <ostream>

#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/pki.h"
#include "client/files.h"

namespace bits::cli {
namespace {

struct NoOptions {};

struct PkiOptions {
  std::string directory;
  std::string name;
  std::string sid;
  int days = 365;
};

std::string TimeText(std::chrono::system_clock::time_point time) {
  return google::protobuf::util::TimeUtil::ToString(
      google::protobuf::util::TimeUtil::TimeTToTimestamp(
          std::chrono::system_clock::to_time_t(time)));
}

absl::Status WhoAmI(Context& context, const NoOptions&) {
  if (context.options.certificate.empty()) {
    return UsageError("give --cert, or set BITSCTL_CERT");
  }
  const auto pem = ReadFile(context.options.certificate);
  if (!pem.ok()) return pem.status();
  const Identity identity{.certificate = *pem, .private_key = "", .roots = ""};
  const auto subject = identity.Subject();
  if (!subject.ok()) return subject.status();
  const auto end = identity.NotAfter();
  if (!end.ok()) return end.status();
  const auto sid = identity.Sid();
  if (!sid.ok()) return sid.status();
  const bool expired = *end < std::chrono::system_clock::now();
  context.out << Table({{"SID:", *sid},
                        {"subject:", Printable(*subject)},
                        {"valid until:", TimeText(*end) + (expired ? " (EXPIRED)" : "")}});
  return absl::OkStatus();
}

void BuildWhoAmI(CLI::App& verb, Context& context) {
  verb.footer("Reads --cert only; the service is not asked.");
  OnRun(verb, context, std::make_shared<NoOptions>(), WhoAmI);
}

absl::Status Init(Context& context, const PkiOptions& options) {
  absl::Status status = InitPki(options.directory);
  if (status.ok()) {
    context.out << "made ca.crt, ca.key, server.crt and server.key in " << options.directory
                << "\n";
  }
  return status;
}

absl::Status Issue(Context& context, const PkiOptions& options) {
  absl::Status status = IssueClient(options.directory, options.name, options.sid, options.days);
  if (status.ok()) {
    context.out << "made " << options.name << ".crt and " << options.name << ".key in "
                << options.directory << " for " << options.sid << "\n";
  }
  return status;
}

void BuildPki(CLI::App& verb, Context& context) {
  verb.require_subcommand(1);
  verb.footer(
      "For development and tests. The keys are not encrypted (mode 0600); nothing is overwritten.\n"
      "\n"
      "  bitsctl pki init ./pki\n"
      "  bitsctl pki issue ./pki alice --sid S-1-5-21-1-2-3-1002 --days 30");
  auto init_options = std::make_shared<PkiOptions>();
  CLI::App* init =
      verb.add_subcommand("init", "Make a root, and a server certificate for localhost");
  init->add_option("directory", init_options->directory, "Made when missing")->required();
  OnRun(*init, context, init_options, Init);

  auto issue_options = std::make_shared<PkiOptions>();
  CLI::App* issue = verb.add_subcommand("issue", "Make a client certificate that carries a SID");
  issue->add_option("directory", issue_options->directory, "As given to pki init")->required();
  issue->add_option("name", issue_options->name, "Makes NAME.crt and NAME.key")->required();
  issue->add_option("--sid", issue_options->sid, "Such as S-1-5-21-1-2-3-1002")->required();
  issue->add_option("--days", issue_options->days, "1 to 3650; never beyond the root's end")
      ->capture_default_str();
  OnRun(*issue, context, issue_options, Issue);
}

constexpr Command kCommands[] = {
    {"whoami", "Show the SID and the end of your certificate", BuildWhoAmI},
    {"pki", "Make certificates for development", BuildPki},
};

}  // namespace

std::span<const Command> IdentityCommands() { return kCommands; }

}  // namespace bits::cli
