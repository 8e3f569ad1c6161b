// Tables for people: aligned, harmless, as wide as the terminal and not wider.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_OUTPUT_TABLE_H_
#define BITSD_CLIENT_CLI_OUTPUT_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace bits::cli {

enum class Color { kNone, kGood, kBad, kWarning, kActive };

/// How to write on the stream at hand.
struct Style {
  size_t width = 0;  ///< Columns; 0: as many as it takes.
  bool color = false;
};

struct Cell {
  Cell(std::string cell_text, Color cell_color = Color::kNone);  // NOLINT: a string is a cell.
  Cell(const char* cell_text);                                   // NOLINT
  std::string text;
  Color color = Color::kNone;
};

struct Column {
  std::string_view title;
  bool right = false;
  /// What it may be cut to when the table is too wide; 0: it is never cut.
  size_t cut_to = 0;
  /// Cut only when cutting the others was not enough.
  bool cut_last = false;
};

using Row = std::vector<Cell>;

/// Text in a color, if `style` has colors.
std::string Colored(const std::string& text, Color color, const Style& style);

/// A heading and a line for each row. Every cell passes through Printable.
std::string RenderTable(const std::vector<Column>& columns, const std::vector<Row>& rows,
                        const Style& style);

/// "key:  value" for each row of two cells; nothing is cut.
std::string RenderDetails(const std::vector<Row>& rows, const Style& style);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_OUTPUT_TABLE_H_
