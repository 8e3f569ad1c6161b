#include "client/cli/docs/roff.h"

#include <cctype>
#include <sstream>

namespace bits::cli {
namespace {

std::string Upper(std::string_view text) {
  std::string upper;
  for (const char c : text) {
    upper.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return upper;
}

// A quoted argument of a macro.
std::string Quoted(std::string_view text) { return "\"" + RoffText(text) + "\""; }

}  // namespace

std::string RoffText(std::string_view text) {
  std::string roff;
  bool line_start = true;
  for (const char c : text) {
    // At the beginning of a line these two begin a macro.
    if (line_start && (c == '.' || c == '\'')) roff += "\\&";
    line_start = c == '\n';
    switch (c) {
      case '\\': roff += "\\e"; break;
      case '-': roff += "\\-"; break;
      case '"': roff += "\\(dq"; break;
      case '\'': roff += "\\(aq"; break;
      case '`': roff += "\\(ga"; break;
      case '^': roff += "\\(ha"; break;
      case '~': roff += "\\(ti"; break;
      default: roff.push_back(c);
    }
  }
  return roff;
}

std::string Bold(std::string_view text) { return "\\fB" + RoffText(text) + "\\fR"; }

std::string Italic(std::string_view text) { return "\\fI" + RoffText(text) + "\\fR"; }

RoffPage::RoffPage(std::string_view name, std::string_view section, std::string_view date,
                   std::string_view source, std::string_view manual) {
  Line(".TH " + Upper(name) + " " + std::string(section) + " " + std::string(date) + " " +
       Quoted(source) + " " + Quoted(manual));
}

void RoffPage::Section(std::string_view title) { Line(".SH " + RoffText(Upper(title))); }

void RoffPage::Subsection(std::string_view title) { Line(".SS " + Quoted(title)); }

void RoffPage::Paragraph(std::string_view text) {
  Break();
  Plain(text);
}

void RoffPage::Term(const std::string& term, std::string_view text) {
  Line(".TP");
  Line(term);
  Plain(text);
}

void RoffPage::InnerTerm(const std::string& term, std::string_view text) {
  Line(".RS");
  Term(term, text);
  Line(".RE");
}

void RoffPage::Example(std::string_view lines) {
  Break();
  Line(".RS 4");
  Line(".nf");
  Plain(lines);
  Line(".fi");
  Line(".RE");
}

// A heading begins a paragraph of its own.
void RoffPage::Break() {
  const size_t last_line = text_.rfind('\n', text_.size() - 2) + 1;
  if (text_.compare(last_line, 2, ".S") != 0) Line(".PP");
}

void RoffPage::Line(const std::string& roff) { text_ += roff + "\n"; }

// Each line begins at its beginning: blanks in front would break it.
void RoffPage::Plain(std::string_view text) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) Line(RoffText(line));
  }
}

}  // namespace bits::cli
