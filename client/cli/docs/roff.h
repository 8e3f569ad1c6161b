// A page in the macros of man(7), written piece by piece.
//
// Thread safety: none. Ownership: a value.

#ifndef BITSD_CLIENT_CLI_DOCS_ROFF_H_
#define BITSD_CLIENT_CLI_DOCS_ROFF_H_

#include <string>
#include <string_view>

namespace bits::cli {

/// `text` such that roff prints it as it is.
std::string RoffText(std::string_view text);

std::string Bold(std::string_view text);
std::string Italic(std::string_view text);

class RoffPage {
 public:
  RoffPage(std::string_view name, std::string_view section, std::string_view date,
           std::string_view source, std::string_view manual);

  void Section(std::string_view title);
  void Subsection(std::string_view title);
  /// Plain text: a paragraph; its line ends mean nothing.
  void Paragraph(std::string_view text);
  /// `term` is roff; `text` is plain.
  void Term(const std::string& term, std::string_view text);
  /// The same, within the entry before it.
  void InnerTerm(const std::string& term, std::string_view text);
  /// Lines that stay as they are.
  void Example(std::string_view lines);
  /// A line of roff.
  void Line(const std::string& roff);

  const std::string& text() const { return text_; }

 private:
  void Plain(std::string_view text);
  void Break();

  std::string text_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_DOCS_ROFF_H_
