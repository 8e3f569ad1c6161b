// Codes of BITS that bitsd never gives: it says what they mean all the same, to whoever asks.
//
// What bitsd itself gives is in hresult.h. Thread safety: everything here is constant.

#ifndef BITSD_SERVER_ERROR_BITS_CODES_H_
#define BITSD_SERVER_ERROR_BITS_CODES_H_

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"

namespace bitsd {

struct BitsCode {
  uint32_t value;
  std::string_view name;     ///< As in bits.h.
  std::string_view message;  ///< English sentence for people.
};

absl::Span<const BitsCode> OtherBitsCodes();

}  // namespace bitsd

#endif  // BITSD_SERVER_ERROR_BITS_CODES_H_
