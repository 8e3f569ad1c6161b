// What the status of a server's final answer means for a download.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_HTTP_STATUS_H_
#define BITSD_SERVER_POLICY_HTTP_STATUS_H_

#include "absl/time/time.h"

namespace bitsd::policy {

/// A status is three digits: anything else is no answer.
constexpr bool IsHttpStatus(int status) { return status >= 100 && status <= 999; }

enum class HttpOutcome {
  kOk,         ///< The body is the file, or a part of it.
  kTransient,  ///< Worth trying again.
  kFatal,
};

/// By the classes of BITS, and by what RFC 9110 says where they are silent or too strict:
/// 2xx is the file, but for 202 (not ready yet: transient) and 204, 205, 207, 208 (no file);
/// 3xx that leads nowhere is transient but for 300-305 and 307; 4xx is fatal but for 408, 409, 421,
/// 423, 425 and 429; 5xx and 600-999 are transient but for 501 and 505; what is no status at all
/// is transient. With `says_when` (the answer has a Retry-After) 4xx and 5xx are transient.
HttpOutcome ClassifyHttpStatus(int status, bool says_when = false);

/// The answer is about the time and not about the request: asking otherwise does not help. Of the
/// others with a Retry-After (`says_when`), 5xx are, and what passes by itself; a 404 or 412 is
/// not.
bool IsAboutTime(int status, bool says_when);

/// A server does not make a job wait longer than this.
inline constexpr absl::Duration kMaxRetryAfter = absl::Hours(24);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_HTTP_STATUS_H_
