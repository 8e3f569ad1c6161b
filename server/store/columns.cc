#include "server/store/columns.h"

#include <algorithm>

#include "server/base/utf8.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

constexpr size_t kDigestSize = 32;

bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool IsUtf8(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  return std::all_of(text.begin(), text.end(), is_ascii) || DecodeUtf8(text).has_value();
}

bool IsKind(std::string_view text, TextKind kind) {
  switch (kind) {
    case TextKind::kBytes: return true;
    case TextKind::kUtf8: return IsUtf8(text);
    case TextKind::kAscii: return IsVisibleAscii(text);
    case TextKind::kLocalName: return policy::CheckLocalName(text).ok();
  }
  return false;
}

}  // namespace

const char* ProblemOfNumber(uint64_t value, uint64_t max) {
  return value <= max ? nullptr : "is out of its bounds";
}

const char* ProblemOfText(std::string_view text, TextKind kind) {
  if (text.size() > kMaxStoredText) return "is too long";
  return IsKind(text, kind) ? nullptr : "holds characters that it must not hold";
}

const char* ProblemOfDigest(std::string_view bytes) {
  return bytes.size() == kDigestSize ? nullptr : "is no digest";
}

const char* ProblemOfBlob(std::string_view bytes, size_t max) {
  return bytes.size() <= max ? nullptr : "is too long";
}

}  // namespace bitsd
