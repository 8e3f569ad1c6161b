#include "client/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "client/cli/exit_code.h"

namespace bits::cli {
namespace {

constexpr size_t kHelpColumn = 34;

// Positional arguments by the name of their value, as in the manual: "JOB".
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    return positional ? option->get_type_name()
                      : CLI::Formatter::make_option_name(option, positional);
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (!option->get_positional()) return CLI::Formatter::make_option_opts(option);
    return option->get_required() ? "" : " (optional)";
  }
};

std::vector<std::string> ChoicesOf(const Parameter& parameter) {
  return {parameter.choices.begin(), parameter.choices.end()};
}

std::string HelpOf(const Parameter& parameter) {
  std::string help(parameter.help);
  if (parameter.choices.empty()) return help;
  std::string choices;
  for (const std::string_view choice : parameter.choices) {
    choices += (choices.empty() ? "" : " | ") + std::string(choice);
  }
  return help + ": " + choices;
}

void AddParameter(CLI::App& app, const Parameter& parameter) {
  const std::string name(parameter.name);
  const std::string help = HelpOf(parameter);
  if (parameter.IsFlag()) {
    app.add_flag(name, help);
    return;
  }
  CLI::Option* option = app.add_option(name, help);
  option->required(parameter.required)->type_name(std::string(parameter.value));
  if (parameter.many)
    option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args();
  // Not shown by the parser: HelpOf shows the choices.
  if (parameter.offer == Offer::kChoices) {
    option->check(
        CLI::Validator(CLI::IsMember(ChoicesOf(parameter), CLI::ignore_case)).description(""));
  }
}

Arguments Collect(const CLI::App& app, std::span<const Parameter> parameters) {
  Arguments arguments;
  for (const Parameter& parameter : parameters) {
    const CLI::Option* option = app.get_option_no_throw(std::string(parameter.name));
    if (option != nullptr && option->count() > 0) arguments.Set(parameter.name, option->results());
  }
  return arguments;
}

std::string FooterOf(const Command& command) {
  std::string footer(command.details);
  if (!footer.empty()) footer += "\n\n";
  footer += "Example:\n";
  std::istringstream lines{std::string(command.example)};
  for (std::string line; std::getline(lines, line);) footer += "  " + line + "\n";
  return footer;
}

std::string MainFooter() {
  std::string footer =
      "Every global option has an environment variable: BITSCTL_ENDPOINT, BITSCTL_AS ... A flag\n"
      "wins over the environment, that over the configuration file: bitsctl identities.\n"
      "bitsadmin's spelling is understood, too: bitsctl /?\n"
      "\nExit codes:\n";
  for (const ExitCodeRow& row : ExitCodes()) {
    const std::string code = std::to_string(row.code);
    footer += "  " + code + std::string(5 - code.size(), ' ') + std::string(row.meaning) + "\n";
  }
  return footer +
         "\nA download as yourself:\n"
         "  bitsctl transfer nightly https://mirror.example/a.iso /srv/in/a.iso\n"
         "\nA download whose file is written as somebody else, who lends the identity:\n"
         "  you:    bitsctl create nightly\n"
         "  you:    bitsctl get-handle nightly --helper S-1-5-21-1-2-3-1002 --handle-file h\n"
         "  you:    bitsctl set-helper-token-flags --handle-file h LOCAL_FILE\n"
         "  helper: bitsctl set-helper-token --handle-file - --local-root /srv/alice < h\n"
         "  you:    bitsctl add-file nightly https://mirror.example/a.iso /srv/alice/a.iso\n"
         "  you:    bitsctl resume nightly, monitor, complete\n";
}

// The parser for the table: `found` is set by the command that was given.
class Parser {
 public:
  Parser() : app_("bitsctl: background transfers with two identities per job", "bitsctl") {
    app_.set_version_flag("--version", BITSD_VERSION);
    app_.fallthrough();  // Global options are understood behind the command, too.
    app_.require_subcommand(1);
    app_.footer(MainFooter());
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.get_formatter()->column_width(kHelpColumn);
    for (const Parameter& parameter : GlobalParameters()) AddParameter(app_, parameter);
    for (const CommandGroup& group : CommandTable()) {
      for (const Command& command : group.commands) Add(group, command);
    }
  }

  ParsedLine Parse(std::vector<std::string> words) {
    ParsedLine line;
    std::reverse(words.begin(), words.end());  // As the parser wants them.
    try {
      app_.parse(std::move(words));
      line.command = found_;
      line.arguments = Collect(*found_app_, found_->parameters);
    } catch (const CLI::ParseError& error) {
      std::ostringstream out;
      std::ostringstream err;
      // Help and version come as errors with status 0.
      line.wrong = app_.exit(error, out, err) != 0;
      line.message = line.wrong ? error.what() : out.str();
    }
    line.globals = Collect(app_, GlobalParameters());
    return line;
  }

 private:
  void Add(const CommandGroup& group, const Command& command) {
    CLI::App* parent = &app_;
    std::string name(command.name);
    if (const size_t blank = name.find(' '); blank != std::string::npos) {
      parent = Family(group, name.substr(0, blank));
      name = name.substr(blank + 1);
    }
    CLI::App* verb = parent->add_subcommand(name, std::string(command.summary));
    verb->group(parent == &app_ ? std::string(group.title) : "Commands");
    verb->footer(FooterOf(command));
    for (const Parameter& parameter : command.parameters) AddParameter(*verb, parameter);
    verb->callback([this, &command, verb] {
      found_ = &command;
      found_app_ = verb;
    });
  }

  CLI::App* Family(const CommandGroup& group, const std::string& name) {
    CLI::App*& family = families_[name];
    if (family == nullptr) {
      family = app_.add_subcommand(name, "More commands: bitsctl " + name + " --help");
      family->group(std::string(group.title))->require_subcommand(1)->footer("");
    }
    return family;
  }

  CLI::App app_;
  std::map<std::string, CLI::App*> families_;
  const Command* found_ = nullptr;
  const CLI::App* found_app_ = nullptr;
};

}  // namespace

ParsedLine ParseLine(const std::vector<std::string>& words) { return Parser().Parse(words); }

}  // namespace bits::cli
