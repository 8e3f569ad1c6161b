#include "client/base/uuid.h"

#include <openssl/rand.h>

#include <array>
#include <cctype>
#include <cstdio>

#include "client/base/openssl.h"

namespace bits {
namespace {

constexpr size_t kTextSize = 36;

constexpr bool IsDashPlace(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

absl::StatusOr<std::string> NewUuid() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return OpenSslError("random numbers");
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string text;
  for (const unsigned char byte : bytes) {
    if (IsDashPlace(text.size())) text.push_back('-');
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

std::optional<std::string> CanonicalUuid(std::string_view text) {
  if (text.size() == kTextSize + 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, kTextSize);
  }
  if (text.size() != kTextSize) return std::nullopt;
  std::string canonical;
  for (size_t i = 0; i < kTextSize; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (IsDashPlace(i) ? c != '-' : std::isxdigit(c) == 0) return std::nullopt;
    canonical.push_back(static_cast<char>(std::tolower(c)));
  }
  return canonical;
}

}  // namespace bits
