// Where a command reads and writes.
//
// Thread safety: as the streams. Ownership: whoever runs the command keeps the streams.

#ifndef BITSD_CLIENT_CLI_OUTPUT_STREAMS_H_
#define BITSD_CLIENT_CLI_OUTPUT_STREAMS_H_

#include <iosfwd>

namespace bits::cli {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_OUTPUT_STREAMS_H_
