// Random UUIDs, a type for each kind of thing that has one. Thread safety: values.

#ifndef BITSD_SERVER_BASE_UUID_H_
#define BITSD_SERVER_BASE_UUID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace bitsd {

using UuidBytes = std::array<uint8_t, 16>;

/// A new random UUID (version 4).
UuidBytes RandomUuid();
/// Accepts upper case and braces around the UUID; E_INVALIDARG that names `field` otherwise.
absl::StatusOr<UuidBytes> ParseUuid(std::string_view text, std::string_view field);
/// Canonical lower-case UUID.
std::string UuidText(const UuidBytes& bytes);

/// The UUID of a `Kind`, whose kField is the name of the field that carries it.
template <typename Kind>
class UuidOf {
 public:
  UuidOf() = default;
  explicit UuidOf(const UuidBytes& bytes) : bytes_(bytes) {}

  static UuidOf Random() { return UuidOf(RandomUuid()); }
  static absl::StatusOr<UuidOf> Parse(std::string_view text) {
    const auto bytes = ParseUuid(text, Kind::kField);
    if (!bytes.ok()) return bytes.status();
    return UuidOf(*bytes);
  }

  std::string ToString() const { return UuidText(bytes_); }
  const UuidBytes& bytes() const { return bytes_; }

  friend bool operator==(const UuidOf&, const UuidOf&) = default;
  friend auto operator<=>(const UuidOf&, const UuidOf&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const UuidOf& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  UuidBytes bytes_{};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_UUID_H_
