// A Windows security identifier in binary form.
//
// Text is accepted in canonical form only ("S-1-5-21-1-2-3-1001": no leading zeros, decimal
// authority below 2^32, else 0x and 12 upper-case hex digits), so that one identity has one
// spelling. Thread safety: a value. Source: MS-DTYP 2.4.2.

#ifndef BITSD_SERVER_IDENTITY_SID_H_
#define BITSD_SERVER_IDENTITY_SID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace bitsd {

class Sid {
 public:
  static constexpr int kMaxSubAuthorities = 15;
  /// Longest canonical text: "S-1-" + "0x" + 12 digits + 15 * ("-" + 10 digits).
  static constexpr size_t kMaxTextLength = 4 + 14 + 15 * 11;

  /// The null value, equal to no SID that Parse returns.
  Sid() = default;

  /// S-1-`authority`-`sub_authorities`..., for constants.
  Sid(uint64_t authority, std::initializer_list<uint32_t> sub_authorities);

  /// E_INVALIDARG unless `text` is canonical.
  static absl::StatusOr<Sid> Parse(std::string_view text);

  std::string ToString() const;

  friend bool operator==(const Sid&, const Sid&) = default;
  friend auto operator<=>(const Sid&, const Sid&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const Sid& sid) {
    return H::combine(std::move(h), sid.authority_, sid.count_, sid.sub_authorities_);
  }

 private:
  uint64_t authority_ = 0;
  uint8_t count_ = 0;
  std::array<uint32_t, kMaxSubAuthorities> sub_authorities_{};
};

inline const Sid kLocalSystemSid{5, {18}};
inline const Sid kLocalServiceSid{5, {19}};
inline const Sid kNetworkServiceSid{5, {20}};
inline const Sid kAdministratorsSid{5, {32, 544}};

/// S-1-5-18, -19 and -20 are the same on every machine: only pinned certificates may carry them.
bool IsWellKnownService(const Sid& sid);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_SID_H_
