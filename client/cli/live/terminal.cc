#include "client/cli/live/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace bits::cli {
namespace {

constexpr size_t kMaxSize = 10'000;

// The number in an environment variable; 0 when there is none that makes sense.
size_t NumberIn(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return 0;
  const char* const end = text + std::strlen(text);
  size_t value = 0;
  const auto parsed = std::from_chars(text, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end && value <= kMaxSize ? value : 0;
}

}  // namespace

WindowSize TerminalSize(bool terminal) {
  WindowSize size;
  winsize window{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0) {
    size = {window.ws_col, window.ws_row};
  }
  if (const size_t columns = NumberIn("COLUMNS"); columns > 0) size.columns = columns;
  if (const size_t rows = NumberIn("LINES"); rows > 0) size.rows = rows;
  return size;
}

}  // namespace bits::cli
