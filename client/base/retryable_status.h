// Which failures of a stream trying again may mend.
//
// Internal. Thread safety: a pure function.

#ifndef BITSD_CLIENT_BASE_RETRYABLE_STATUS_H_
#define BITSD_CLIENT_BASE_RETRYABLE_STATUS_H_

#include "absl/status/status.h"

namespace bits {

/// What a restart, a broken network, a proxy or a busy service can cause. CANCELLED is the
/// service's at its end: whoever cancels itself tells its own apart before.
inline bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted: return true;
    default: return false;
  }
}

}  // namespace bits

#endif  // BITSD_CLIENT_BASE_RETRYABLE_STATUS_H_
