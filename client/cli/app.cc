#include "client/cli/app.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/bitsadmin.h"
#include "client/cli/command_line.h"
#include "client/cli/context.h"
#include "client/cli/docs/completion.h"
#include "client/cli/error_report.h"
#include "client/cli/unreachable.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// Whether errors are to be JSON, also when the command line cannot be understood.
bool AsksForJson(const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), "--json") != words.end()) return true;
  const auto value = FromEnvironment("BITSCTL_JSON");
  return value && !value->empty() && *value != "0" && *value != "false";
}

int Fail(const absl::Status& status, bool json, const Streams& streams) {
  const ErrorReport report = ReportOf(status);
  if (json) {
    streams.out << ErrorJson(report) << std::flush;
  } else {
    streams.err << ErrorText(report);
  }
  return ExitCodeOf(status);
}

// What goes to the service is text.
absl::Status CheckArguments(const Arguments& arguments) {
  for (const auto& [name, values] : arguments.values()) {
    for (const std::string& value : values) {
      if (absl::Status status = CheckUtf8(name, value); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status RunCommand(const ParsedLine& line, Context& context) {
  if (line.command->local != nullptr) return line.command->local(context, line.arguments);
  if (absl::Status text = CheckArguments(line.arguments); !text.ok()) return text;
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  return line.command->remote(context, *client, line.arguments);
}

int RunWords(const BitsadminLine& spelling, const Streams& streams) {
  const std::vector<std::string>& words = spelling.words;
  const ParsedLine line = ParseLine(words);
  if (line.wrong) {
    return Fail(UsageError(line.message), AsksForJson(words), streams);
  }
  if (line.command == nullptr) {
    streams.out << line.message;
    return kExitOk;
  }
  auto settings = Settings::Resolve(line.globals, FromEnvironment);
  if (!settings.ok()) return Fail(settings.status(), AsksForJson(words), streams);
  Context context(streams, *std::move(settings));
  context.raw = spelling.raw;
  context.password = spelling.password;
  const absl::Status status =
      ExplainUnreachable(ForgetEnded(RunCommand(line, context), context.sessions_in_use()),
                         context.settings.Text("--endpoint"));
  return status.ok() ? static_cast<int>(kExitOk) : Fail(status, context.json(), streams);
}

}  // namespace

int Run(int argc, const char* const* argv, const Streams& streams) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == kCompleteCommand) {
    Complete({words.begin() + 1, words.end()}, FromEnvironment, streams);
    return kExitOk;
  }
  const BitsadminLine line = FromBitsadmin(words);
  if (!line.advice.ok()) return Fail(line.advice, AsksForJson(words), streams);
  if (!line.help.empty()) {
    streams.out << line.help;
    return kExitOk;
  }
  return RunWords(line, streams);
}

}  // namespace bits::cli
