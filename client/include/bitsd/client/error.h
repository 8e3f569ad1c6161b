// What a failed call says besides its message: HRESULT, symbolic reason and the rule that refused.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_ERROR_H_
#define BITSD_CLIENT_ERROR_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "bitsd/client/export.h"

namespace bits {

struct CallError {
  uint32_t hresult = 0;  ///< Such as 0x80070005; 0 when the service gave none.
  std::string reason;    ///< Symbolic name, such as E_ACCESSDENIED; empty when there is none.
  std::string rule;      ///< Such as handle_bound_to_another; empty when no rule refused.
};

/// Reads `status` of a Client's call. A status made on this side has an empty CallError.
BITS_EXPORT CallError ErrorOf(const absl::Status& status);

/// What a Client returns when the service refuses a call with `error`: for tests.
BITS_EXPORT absl::Status MakeStatus(absl::StatusCode code, const CallError& error,
                                    const std::string& message);

/// "0x80200056".
BITS_EXPORT std::string HresultText(uint32_t hresult);

}  // namespace bits

#endif  // BITSD_CLIENT_ERROR_H_
