// bitsctl as a function, so that tests can run it.
//
// Thread safety: runs with different streams may go on at once.

#ifndef BITSD_CLIENT_CLI_APP_H_
#define BITSD_CLIENT_CLI_APP_H_

#include "client/cli/output/streams.h"

namespace bits::cli {

/// Runs one command line, of our own or of bitsadmin; returns the exit code (exit_code.h).
int Run(int argc, const char* const* argv, const Streams& streams);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_APP_H_
