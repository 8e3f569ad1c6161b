// Job ids: random UUIDs. Thread safety: a value.

#ifndef BITSD_SERVER_JOB_JOB_ID_H_
#define BITSD_SERVER_JOB_JOB_ID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace bitsd {

class JobId {
 public:
  JobId() = default;
  explicit JobId(const std::array<uint8_t, 16>& bytes) : bytes_(bytes) {}

  /// A new random id (UUID version 4).
  static JobId Random();
  /// Accepts upper case and braces around the UUID; E_INVALIDARG otherwise.
  static absl::StatusOr<JobId> Parse(std::string_view text);

  /// Canonical lower-case UUID.
  std::string ToString() const;
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }

  friend bool operator==(const JobId&, const JobId&) = default;
  friend auto operator<=>(const JobId&, const JobId&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const JobId& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, 16> bytes_{};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_ID_H_
