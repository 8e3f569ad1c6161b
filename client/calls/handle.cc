#include "bitsd/client/handle.h"

namespace bits {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// 0 to 15, or npos.
size_t DigitValue(char c) {
  return kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
}

}  // namespace

absl::StatusOr<Handle> Handle::FromBytes(std::string bytes) {
  if (bytes.size() != kSize) return absl::InvalidArgumentError("a handle has 32 bytes");
  return Handle(std::move(bytes));
}

absl::StatusOr<Handle> Handle::FromHex(std::string_view text) {
  // The message never repeats the text: it may be a secret with a typing error.
  const auto malformed = [] {
    return absl::InvalidArgumentError("not a handle: expected 64 hexadecimal digits");
  };
  text = Trim(text);
  if (text.size() != 2 * kSize) return malformed();
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = DigitValue(text[i]);
    const size_t low = DigitValue(text[i + 1]);
    if (high == kDigits.npos || low == kDigits.npos) return malformed();
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return Handle(std::move(bytes));
}

std::string Handle::ToHex() const {
  std::string text;
  for (const char c : bytes_) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace bits
