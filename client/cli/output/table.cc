#include "client/cli/output/table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "client/cli/output/text.h"

namespace bits::cli {
namespace {

constexpr size_t kGap = 2;

const char* ColorCode(Color color) {
  switch (color) {
    case Color::kNone: return "";
    case Color::kGood: return "\x1b[32m";
    case Color::kBad: return "\x1b[31m";
    case Color::kWarning: return "\x1b[33m";
    case Color::kActive: return "\x1b[36m";
  }
  return "";
}

std::vector<Row> Cleaned(std::vector<Row> rows) {
  for (Row& row : rows) {
    for (Cell& cell : row) cell.text = Printable(cell.text);
  }
  return rows;
}

std::vector<size_t> NaturalWidths(const std::vector<Column>& columns,
                                  const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    size_t width = DisplayWidth(columns[i].title);
    for (const Row& row : rows) {
      if (i < row.size()) width = std::max(width, DisplayWidth(row[i].text));
    }
    widths.push_back(width);
  }
  return widths;
}

size_t Total(const std::vector<size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
}

// Takes from the widest column that may be cut, one by one, until the table fits or none is left.
void Fit(const std::vector<Column>& columns, size_t width, bool last, std::vector<size_t>& widths) {
  while (Total(widths) > width) {
    size_t* widest = nullptr;
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool may_be_cut =
          columns[i].cut_to > 0 && widths[i] > columns[i].cut_to && columns[i].cut_last == last;
      if (may_be_cut && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

std::string RenderCell(const Cell& cell, size_t width, bool right, bool last, const Style& style) {
  const std::string text = Cut(cell.text, width);
  if (last && !right) return Colored(text, cell.color, style);
  // The blanks stay outside of the color.
  std::string padded = Padded(text, width, right);
  if (cell.color == Color::kNone || !style.color) return padded;
  const std::string blanks(padded.size() - text.size(), ' ');
  const std::string colored = Colored(text, cell.color, style);
  return right ? blanks + colored : colored + blanks;
}

std::string RenderRow(const std::vector<Column>& columns, const std::vector<size_t>& widths,
                      const Row& row, const Style& style) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    const bool last = i + 1 == row.size();
    line += RenderCell(row[i], widths[i], columns[i].right, last, style);
    if (!last) line.append(kGap, ' ');
  }
  return line + "\n";
}

}  // namespace

Cell::Cell(std::string cell_text, Color cell_color)
    : text(std::move(cell_text)), color(cell_color) {}
Cell::Cell(const char* cell_text) : text(cell_text) {}

std::string Colored(const std::string& text, Color color, const Style& style) {
  if (!style.color || color == Color::kNone) return text;
  return ColorCode(color) + text + "\x1b[0m";
}

std::string RenderTable(const std::vector<Column>& columns, const std::vector<Row>& rows,
                        const Style& style) {
  const std::vector<Row> clean = Cleaned(rows);
  std::vector<size_t> widths = NaturalWidths(columns, clean);
  if (style.width > 0) {
    Fit(columns, style.width, /*last=*/false, widths);
    Fit(columns, style.width, /*last=*/true, widths);
  }
  Row titles;
  titles.reserve(columns.size());
  for (const Column& column : columns) titles.emplace_back(std::string(column.title));
  std::string text = RenderRow(columns, widths, titles, style);
  for (const Row& row : clean) text += RenderRow(columns, widths, row, style);
  return text;
}

std::string RenderDetails(const std::vector<Row>& rows, const Style& style) {
  const std::vector<Column> columns(2);
  const std::vector<Row> clean = Cleaned(rows);
  const std::vector<size_t> widths = NaturalWidths(columns, clean);
  std::string text;
  for (const Row& row : clean) text += RenderRow(columns, widths, row, style);
  return text;
}

}  // namespace bits::cli
