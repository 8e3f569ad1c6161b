// bitsctl(1), written from the tables of commands, options, exit codes and bitsadmin's verbs.
//
// Thread safety: a pure function.

#ifndef BITSD_CLIENT_CLI_DOCS_MAN_PAGE_H_
#define BITSD_CLIENT_CLI_DOCS_MAN_PAGE_H_

#include <string>

#include "client/cli/command.h"

namespace bits::cli {

/// roff, for man(1).
std::string ManPage();

/// "create NAME [--type TYPE] [--id-only]".
std::string SynopsisOf(const Command& command);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_DOCS_MAN_PAGE_H_
