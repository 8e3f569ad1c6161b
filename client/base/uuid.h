// UUIDs as text: new ones, and one spelling for those that people type.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_BASE_UUID_H_
#define BITSD_CLIENT_BASE_UUID_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bits {

/// A random (version 4) UUID, lower case without braces.
absl::StatusOr<std::string> NewUuid();

/// `text` in lower case without braces; no value when it is not a UUID.
std::optional<std::string> CanonicalUuid(std::string_view text);

}  // namespace bits

#endif  // BITSD_CLIENT_BASE_UUID_H_
