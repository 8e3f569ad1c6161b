#include "server/base/utf8.h"

namespace bitsd {
namespace {

/// A form of UTF-8: which first bytes have it, and the least value it may be used for.
struct Form {
  unsigned mask;
  unsigned lead;
  size_t length;
  char32_t least;
};

constexpr Form kForms[] = {
    {0x80, 0x00, 1, 0x0},
    {0xE0, 0xC0, 2, 0x80},
    {0xF0, 0xE0, 3, 0x800},
    {0xF8, 0xF0, 4, 0x10000},
};

const Form* FormOf(unsigned char first) {
  for (const Form& form : kForms) {
    if ((first & form.mask) == form.lead) return &form;
  }
  return nullptr;
}

bool IsScalarValue(char32_t value) {
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

/// Takes one code point off the front of `text`, which is not empty.
std::optional<char32_t> TakeCodePoint(std::string_view& text) {
  const unsigned char first = static_cast<unsigned char>(text[0]);
  const Form* form = FormOf(first);
  if (form == nullptr || text.size() < form->length) return std::nullopt;
  char32_t value = first & ~form->mask;
  for (char c : text.substr(1, form->length - 1)) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) return std::nullopt;
    value = (value << 6) | (byte & 0x3Fu);
  }
  if (value < form->least || !IsScalarValue(value)) return std::nullopt;
  text.remove_prefix(form->length);
  return value;
}

}  // namespace

std::optional<std::u32string> DecodeUtf8(std::string_view text) {
  std::u32string decoded;
  while (!text.empty()) {
    const std::optional<char32_t> value = TakeCodePoint(text);
    if (!value) return std::nullopt;
    decoded.push_back(*value);
  }
  return decoded;
}

}  // namespace bitsd
