// From words to a command of the table and its arguments. The only place that knows the parser.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_COMMAND_LINE_H_
#define BITSD_CLIENT_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "client/cli/arguments.h"
#include "client/cli/command.h"

namespace bits::cli {

struct ParsedLine {
  const Command* command = nullptr;  ///< nullptr: help was asked for, or the usage is wrong.
  Arguments arguments;
  Arguments globals;
  std::string message;  ///< Help, the version, or what is wrong.
  bool wrong = false;
};

/// `words` without the name of the program.
ParsedLine ParseLine(const std::vector<std::string>& words);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_COMMAND_LINE_H_
