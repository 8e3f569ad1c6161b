#include "client/cli/docs/man_page.h"

#include "client/cli/bitsadmin.h"
#include "client/cli/docs/roff.h"
#include "client/cli/exit_code.h"

namespace bits::cli {
namespace {

// Of the text below: a page of the same sources is the same everywhere.
constexpr char kDate[] = "2026-11-22";

constexpr char kDescription[] =
    "bitsctl drives bitsd(8), a background transfer service with two identities per job. A job "
    "belongs to who created it and goes on when bitsctl has ended. A helper can lend the job its "
    "own identity for its local files, its connections, or both.\n"
    "A job is named by its id, by the beginning of its id (at least four characters), or by its "
    "display name; when several jobs are meant, they are listed and nothing is done.";

constexpr char kJson[] =
    "With --json, answers are the messages of the service in protobuf's JSON, with the field names "
    "of the proto files: 64-bit numbers are strings, times RFC 3339 in UTC. What goes on for long "
    "(monitor, transfer) prints one object a line. An error is one line on standard output:";
constexpr char kJsonExample[] =
    R"({"error":{"hresult":"0x80070005","name":"E_ACCESSDENIED","rule":"job_access",)"
    "\n"
    R"("code":"PERMISSION_DENIED","message":"...","hint":"..."}})";
constexpr char kJsonNulls[] = "hresult, name, rule and hint are null when there is none.";

constexpr char kConfig[] =
    "$XDG_CONFIG_HOME/bitsctl/config.yaml, or $HOME/.config/bitsctl/config.yaml: named identities "
    "for --as. It must belong to you or root and be writable by nobody else, and its keys must be "
    "readable by their owner only. Paths are relative to the file's folder.";
constexpr char kConfigExample[] =
    "default: fetcher\n"
    "identities:\n"
    "  fetcher:\n"
    "    endpoint: 127.0.0.1:7443\n"
    "    certificate: fetcher.crt\n"
    "    key: fetcher.key\n"
    "    roots: ca.crt\n"
    "  alice: {certificate: alice.crt, key: alice.key, roots: ca.crt}";
constexpr char kConfigRest[] =
    "impersonation_level and filter_admin are known there, too. A flag wins over the environment, "
    "the environment over the file. --as on the command line brings the identity as a whole, "
    "whatever the environment says; the default identity has no say once a certificate is given. "
    "bitsctl identities shows where each setting comes from.";

constexpr char kTwoIdentities[] =
    "# fetcher's job, whose file alice writes; both identities are in the configuration file\n"
    "bitsctl --as fetcher transfer nightly https://mirror.example/a.iso /srv/alice/a.iso \\\n"
    "  --as-helper alice\n"
    "# the same when alice is somebody else, on another machine\n"
    "bitsctl create nightly\n"
    "bitsctl get-handle nightly --helper S-1-5-21-1-2-3-1002 --handle-file h\n"
    "bitsctl set-helper-token-flags --handle-file h LOCAL_FILE\n"
    "bitsctl set-helper-token --handle-file - --local-root /srv/alice < h        # alice\n"
    "bitsctl add-file nightly https://mirror.example/a.iso /srv/alice/a.iso\n"
    "bitsctl resume nightly && bitsctl monitor nightly && bitsctl complete nightly";

std::string TermOf(const Parameter& parameter) {
  if (parameter.IsPositional()) return Italic(parameter.value);
  const std::string name = Bold(parameter.name);
  return parameter.IsFlag() ? name : name + " " + Italic(parameter.value);
}

std::string HelpOf(const Parameter& parameter) {
  std::string text(parameter.help);
  for (size_t i = 0; i < parameter.choices.size(); ++i) {
    text += (i == 0 ? ": " : ", ") + std::string(parameter.choices[i]);
  }
  return text + ".";
}

void AddCommand(const Command& command, RoffPage& page) {
  const size_t end = command.name.size();
  const std::string synopsis = SynopsisOf(command);
  std::string text = std::string(command.summary) + ".";
  if (!command.details.empty()) text += "\n" + std::string(command.details);
  page.Term(Bold(synopsis.substr(0, end)) + RoffText(synopsis.substr(end)), text);
  for (const Parameter& parameter : command.parameters) {
    page.InnerTerm(TermOf(parameter), HelpOf(parameter));
  }
  page.Line(".RS");
  page.Example(command.example);
  page.Line(".RE");
}

void AddCommands(RoffPage& page) {
  page.Section("Commands");
  for (const CommandGroup& group : CommandTable()) {
    page.Subsection(group.title);
    for (const Command& command : group.commands) AddCommand(command, page);
  }
}

void AddOptions(RoffPage& page) {
  page.Section("Options");
  page.Paragraph("They are understood before and behind the command.");
  for (const Parameter& parameter : GlobalParameters()) {
    page.Term(TermOf(parameter), HelpOf(parameter));
  }
}

void AddEnvironment(RoffPage& page) {
  page.Section("Environment");
  for (const Parameter& parameter : GlobalParameters()) {
    page.Term(Bold(EnvironmentName(parameter.name)),
              "In place of " + std::string(parameter.name) +
                  (parameter.IsFlag() ? ": true or false." : "."));
  }
  page.Term(Bold("NO_COLOR"), "Set to anything, there is no color unless --color always says so.");
  page.Term(Bold("COLUMNS"), "How wide a table may be, in place of the terminal's width.");
}

void AddExitCodes(RoffPage& page) {
  page.Section("Exit status");
  for (const ExitCodeRow& row : ExitCodes()) {
    page.Term(Bold(std::to_string(row.code)), std::string(row.meaning) + ".");
  }
}

void AddBitsadmin(RoffPage& page) {
  page.Section("bitsadmin");
  page.Paragraph(
      "The spelling of bitsadmin is understood, in any case; bitsctl /? lists all of it, with what "
      "is not there and what to do instead.");
  for (const BitsadminVerb& verb : BitsadminVerbs()) {
    if (verb.meaning.starts_with('!')) continue;
    std::string term = Bold("/" + std::string(verb.verb));
    if (!verb.operands.empty()) term += " " + Italic(verb.operands);
    page.Term(term, MeaningOf(verb));
  }
}

void AddFiles(RoffPage& page) {
  page.Section("Files");
  page.Paragraph(kConfig);
  page.Example(kConfigExample);
  page.Paragraph(kConfigRest);
}

void AddJson(RoffPage& page) {
  page.Section("JSON");
  page.Paragraph(kJson);
  page.Example(kJsonExample);
  page.Paragraph(kJsonNulls);
}

}  // namespace

std::string SynopsisOf(const Command& command) {
  std::string synopsis(command.name);
  for (const Parameter& parameter : command.parameters) {
    const std::string value(parameter.value);
    std::string text = parameter.IsPositional() ? value : std::string(parameter.name);
    if (!parameter.IsPositional() && !parameter.IsFlag()) text += " " + value;
    if (parameter.many) text += " ...";
    synopsis += parameter.required ? " " + text : " [" + text + "]";
  }
  return synopsis;
}

std::string ManPage() {
  RoffPage page("bitsctl", "1", kDate, "bitsd " BITSD_VERSION, "User commands");
  page.Section("Name");
  page.Line("bitsctl \\- background transfers with two identities per job");
  page.Section("Synopsis");
  page.Line(Bold("bitsctl") + " [" + Italic("OPTIONS") + "] " + Italic("COMMAND") + " [" +
            Italic("ARGUMENTS") + "]");
  page.Section("Description");
  page.Paragraph(kDescription);
  AddCommands(page);
  AddOptions(page);
  AddBitsadmin(page);
  AddJson(page);
  AddExitCodes(page);
  AddEnvironment(page);
  AddFiles(page);
  page.Section("Examples");
  page.Example(kTwoIdentities);
  page.Section("See also");
  page.Line("bitsd(8), docs/bitsctl.md, docs/api.md");
  return page.text();
}

}  // namespace bits::cli
