#include "client/cli/token_flags.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>

#include "client/cli/exit_code.h"

namespace bits::cli {
namespace {

std::optional<uint32_t> ParseNumber(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint32_t> ParseName(std::string_view text) {
  std::string name;
  for (const char c : text) {
    name.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  if (name == "NONE") return 0;
  if (name == "LOCAL_FILE") return 1;
  if (name == "NETWORK") return 2;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<uint32_t> ParseTokenFlags(const std::string& text) {
  if (const auto number = ParseNumber(text)) return *number;
  uint32_t flags = 0;
  for (size_t start = 0; start <= text.size();) {
    const size_t comma = std::min(text.find(',', start), text.size());
    const auto flag = ParseName(std::string_view(text).substr(start, comma - start));
    if (!flag) {
      return UsageError("flags are 0 to 3, or LOCAL_FILE, NETWORK, LOCAL_FILE,NETWORK or NONE");
    }
    flags |= *flag;
    start = comma + 1;
  }
  return flags;
}

}  // namespace bits::cli
