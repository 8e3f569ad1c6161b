#include "client/identity/sid_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace bits {
namespace {

constexpr int kMaxSubAuthorities = 15;

bool IsCanonicalDecimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsCanonicalAuthority(std::string_view text) {
  if (!text.starts_with("0x")) return IsCanonicalDecimal(text);
  text.remove_prefix(2);
  const bool digits =
      text.size() == 12 && text.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
  return digits && !text.starts_with("0000");  // Below 2^32 it is written in decimal.
}

// Cuts the part before the next '-' off the front of `rest`.
std::string_view TakePart(std::string_view& rest) {
  const size_t dash = rest.find('-');
  const std::string_view part = rest.substr(0, dash);
  rest.remove_prefix(dash == std::string_view::npos ? rest.size() : dash + 1);
  return part;
}

}  // namespace

bool IsCanonicalSid(std::string_view text) {
  if (!text.starts_with("S-1-") || text.ends_with('-')) return false;
  text.remove_prefix(4);
  if (!IsCanonicalAuthority(TakePart(text))) return false;
  int count = 0;
  for (; !text.empty(); ++count) {
    if (count == kMaxSubAuthorities || !IsCanonicalDecimal(TakePart(text))) return false;
  }
  return count > 0;
}

}  // namespace bits
