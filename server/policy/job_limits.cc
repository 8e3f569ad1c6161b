#include "server/policy/job_limits.h"

#include <optional>
#include <string>

#include "server/base/utf8.h"
#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

constexpr size_t kMaxBytesPerCharacter = 4;
constexpr absl::Duration kMaxDuration = absl::Hours(24 * 3653);  // Ten years.

enum class Fit { kFits, kTooLong, kNotText };

Fit FitOf(std::string_view text, size_t max_characters) {
  if (text.size() > max_characters * kMaxBytesPerCharacter) return Fit::kTooLong;
  const std::optional<std::u32string> characters = DecodeUtf8(text);
  if (!characters || characters->find(U'\0') != std::u32string::npos) return Fit::kNotText;
  return characters->size() > max_characters ? Fit::kTooLong : Fit::kFits;
}

}  // namespace

absl::Status CheckDisplayName(std::string_view name) {
  if (!name.empty() && FitOf(name, kMaxDisplayName) == Fit::kFits) return absl::OkStatus();
  return error::InvalidArgument("a display name is 1 to 256 characters of UTF-8 without NUL");
}

absl::Status CheckDescription(std::string_view description) {
  switch (FitOf(description, kMaxDescription)) {
    case Fit::kFits: return absl::OkStatus();
    case Fit::kTooLong: return error::StringTooLong("a description is at most 1,024 characters");
    case Fit::kNotText: break;
  }
  return error::InvalidArgument("a description is UTF-8 text without NUL");
}

absl::Status CheckDuration(absl::Duration duration) {
  if (duration >= absl::ZeroDuration() && duration <= kMaxDuration) return absl::OkStatus();
  return error::InvalidArgument("a duration is 0 seconds to 10 years");
}

}  // namespace bitsd::policy
