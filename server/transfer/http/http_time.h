// The times of HTTP: dates in the three forms of RFC 9110 (5.6.7), and Retry-After.
//
// Thread safety: pure functions. `now` is needed for years of two digits.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_TIME_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_TIME_H_

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace bitsd {

struct HttpTime {
  absl::Time time;
  /// The text is exactly this time written in its form: it may be sent back as it came.
  bool exact = false;
};

/// Unset unless `text` is a date of the years 1 to 9999.
std::optional<HttpTime> ParseHttpTime(std::string_view text, absl::Time now);

/// A Last-Modified of `modified` in an answer of `date` (its Date field) says which version of a
/// file it is of: nothing that was written later has it too (RFC 9110, 8.8.2.2). An answer without
/// a Date counts as made at `now`, by our clock, which may differ from the server's. Never true of
/// a date that programs give to everything they make, such as 1970-01-01 or 1980-01-01.
bool IsStrongDate(std::string_view modified, std::string_view date, absl::Time now);

/// How long to wait by `text`, the seconds or the date of a Retry-After in an answer of `date`, the
/// server's clock (else `now`): at least nothing and at most policy::kMaxRetryAfter. Unset when it
/// is neither.
std::optional<absl::Duration> ParseRetryAfter(std::string_view text, std::string_view date,
                                              absl::Time now);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_TIME_H_
