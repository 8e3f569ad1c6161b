#include "server/base/uuid.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr size_t kTextLength = 36;

bool IsDashPosition(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

UuidBytes RandomUuid() {
  UuidBytes bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  return bytes;
}

absl::StatusOr<UuidBytes> ParseUuid(std::string_view text, std::string_view field) {
  const auto malformed = [field] {
    return error::InvalidArgument(absl::StrCat(absl::string_view(field.data(), field.size()),
                                               " is not a UUID: 8-4-4-4-12 hexadecimal digits"));
  };
  if (text.size() == kTextLength + 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, kTextLength);
  }
  if (text.size() != kTextLength) return malformed();
  std::string hex;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (IsDashPosition(i) ? c != '-' : std::isxdigit(c) == 0) return malformed();
    if (!IsDashPosition(i)) hex.push_back(static_cast<char>(c));
  }
  const std::string raw = absl::HexStringToBytes(hex);
  UuidBytes bytes;
  std::copy(raw.begin(), raw.end(), bytes.begin());
  return bytes;
}

std::string UuidText(const UuidBytes& bytes) {
  const std::string hex = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::string text;
  for (char c : hex) {
    if (IsDashPosition(text.size())) text.push_back('-');
    text.push_back(c);
  }
  return text;
}

}  // namespace bitsd
