// The terminal that bitsctl writes on.
//
// Thread safety: pure but for the environment and the terminal's own state.

#ifndef BITSD_CLIENT_CLI_LIVE_TERMINAL_H_
#define BITSD_CLIENT_CLI_LIVE_TERMINAL_H_

#include <cstddef>

namespace bits::cli {

struct WindowSize {
  size_t columns = 0;  ///< 0: as many as it takes.
  size_t rows = 0;     ///< 0: as many as it takes.
};

/// COLUMNS and LINES where they are set, else the size of the terminal on standard output; no
/// limits without a terminal.
WindowSize TerminalSize(bool terminal);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_TERMINAL_H_
