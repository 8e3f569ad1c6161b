#include "client/cli/output/text.h"

#include <wchar.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdint>
#include <utility>

namespace bits::cli {
namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;
constexpr char kEllipsis[] = "\xE2\x80\xA6";

struct Decoded {
  char32_t value = kInvalid;
  size_t length = 1;
};

size_t LengthOf(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

bool IsScalar(char32_t value, size_t length) {
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value >= kSmallest[length] && value <= 0x10FFFF && !surrogate;
}

// The first character of `text`, which is not empty.
Decoded Decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = LengthOf(first);
  if (length == 0 || length > text.size()) return {};
  if (length == 1) return {first, 1};
  char32_t value = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    value = (value << 6) | (next & 0x3F);
  }
  if (!IsScalar(value, length)) return {};
  return {value, length};
}

using Range = std::pair<char32_t, char32_t>;

// Control characters; and what is invisible, or turns the direction of writing around.
constexpr Range kHarmful[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD},   {0x061C, 0x061C},
    {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},
    {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}, {kInvalid, kInvalid},
};

bool IsHarmful(char32_t value) {
  return std::any_of(std::begin(kHarmful), std::end(kHarmful), [value](const Range& range) {
    return value >= range.first && value <= range.second;
  });
}

std::string Clean(std::string_view text, bool keep_newlines) {
  std::string clean;
  while (!text.empty()) {
    const Decoded next = Decode(text);
    const bool kept = keep_newlines && next.value == '\n';
    if (IsHarmful(next.value) && !kept) {
      clean.push_back('?');
    } else {
      clean.append(text.substr(0, next.length));
    }
    text.remove_prefix(next.length);
  }
  return clean;
}

// Character widths do not depend on the caller's locale.
size_t WidthOf(char32_t value) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr || value < 0x80) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(value));
  uselocale(before);
  return width < 0 ? 1 : static_cast<size_t>(width);
}

}  // namespace

std::string Printable(std::string_view text) { return Clean(text, /*keep_newlines=*/false); }

std::string PrintableLines(std::string_view text) { return Clean(text, /*keep_newlines=*/true); }

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded next = Decode(text);
    if (next.value == kInvalid) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Decoded next = Decode(text);
    width += WidthOf(next.value);
    text.remove_prefix(next.length);
  }
  return width;
}

std::string Cut(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t used = 0;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Decoded next = Decode(text.substr(bytes));
    used += WidthOf(next.value);
    if (used + 1 > width) break;
    bytes += next.length;
  }
  return std::string(text.substr(0, bytes)) + kEllipsis;
}

std::string Padded(std::string_view text, size_t width, bool right) {
  const size_t used = DisplayWidth(text);
  const std::string blanks(used < width ? width - used : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

}  // namespace bits::cli
