#include "server/identity/sid.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr uint64_t kMaxDecimalAuthority = 0xFFFFFFFF;

std::optional<uint64_t> ParseDecimal(std::string_view text, uint64_t max) {
  const bool digits =
      !text.empty() && text.size() <= 10 &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
  if (!digits || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) value = value * 10 + static_cast<uint64_t>(c - '0');
  if (value > max) return std::nullopt;
  return value;
}

std::optional<uint64_t> ParseAuthority(std::string_view text) {
  if (text.substr(0, 2) != "0x") return ParseDecimal(text, kMaxDecimalAuthority);
  text.remove_prefix(2);
  if (text.size() != 12) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'A' || c > 'F')) return std::nullopt;
    value = value * 16 + static_cast<uint64_t>(digit ? c - '0' : c - 'A' + 10);
  }
  if (value <= kMaxDecimalAuthority) return std::nullopt;
  return value;
}

}  // namespace

Sid::Sid(uint64_t authority, std::initializer_list<uint32_t> sub_authorities)
    : authority_(authority), count_(static_cast<uint8_t>(sub_authorities.size())) {
  std::copy(sub_authorities.begin(), sub_authorities.end(), sub_authorities_.begin());
}

absl::StatusOr<Sid> Sid::Parse(std::string_view text) {
  const auto malformed = [] {
    return error::InvalidArgument("malformed SID: write it as S-1-5-21-1-2-3-1001");
  };
  if (text.size() > kMaxTextLength) return malformed();
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::string_view(text.data(), text.size()), '-');
  if (parts.size() < 4 || parts.size() > 3 + kMaxSubAuthorities) return malformed();
  if (parts[0] != "S" || parts[1] != "1") return malformed();
  const auto authority = ParseAuthority({parts[2].data(), parts[2].size()});
  if (!authority) return malformed();
  Sid sid;
  sid.authority_ = *authority;
  for (size_t i = 3; i < parts.size(); ++i) {
    const auto value = ParseDecimal({parts[i].data(), parts[i].size()}, 0xFFFFFFFF);
    if (!value) return malformed();
    sid.sub_authorities_[sid.count_++] = static_cast<uint32_t>(*value);
  }
  return sid;
}

std::string Sid::ToString() const {
  std::string text = authority_ <= kMaxDecimalAuthority
                         ? absl::StrCat("S-1-", authority_)
                         : absl::StrFormat("S-1-0x%012X", authority_);
  for (int i = 0; i < count_; ++i) absl::StrAppend(&text, "-", sub_authorities_[i]);
  return text;
}

bool IsWellKnownService(const Sid& sid) {
  return sid == kLocalSystemSid || sid == kLocalServiceSid || sid == kNetworkServiceSid;
}

}  // namespace bitsd
