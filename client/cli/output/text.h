// Text for a terminal: made harmless, measured and cut.
//
// Whatever comes from other people (names, URLs, messages) passes through Printable, so that it
// can neither drive the reader's terminal nor pretend to be something else. Thread safety: pure
// functions.

#ifndef BITSD_CLIENT_CLI_OUTPUT_TEXT_H_
#define BITSD_CLIENT_CLI_OUTPUT_TEXT_H_

#include <string>
#include <string_view>

namespace bits::cli {

/// `text` with '?' in place of each control character (C1 ones included), each character that is
/// invisible or changes the direction of writing, and each byte that is not UTF-8.
std::string Printable(std::string_view text);

/// The same, but newlines stay: for help and messages of several lines.
std::string PrintableLines(std::string_view text);

bool IsUtf8(std::string_view text);

/// Columns that Printable text takes on a terminal: 2 for a wide character, 0 for a combining one.
size_t DisplayWidth(std::string_view text);

/// `text` in at most `width` columns; what is cut off ends in an ellipsis. Never cuts a character.
std::string Cut(std::string_view text, size_t width);

/// `text` with blanks, behind it or (`right`) before it, up to `width` columns.
std::string Padded(std::string_view text, size_t width, bool right);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_OUTPUT_TEXT_H_
