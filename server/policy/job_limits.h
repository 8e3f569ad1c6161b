// The limits on jobs, files, names and properties. Values and defaults are those of BITS.
//
// Thread safety: pure functions; JobLimits is a value.

#ifndef BITSD_SERVER_POLICY_JOB_LIMITS_H_
#define BITSD_SERVER_POLICY_JOB_LIMITS_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bitsd::policy {

struct JobLimits {
  size_t jobs_per_machine = 300;  ///< Administrators and service accounts are exempt.
  size_t jobs_per_user = 60;      ///< Exempt likewise.
  size_t files_per_job = 200;     ///< Exempt likewise.

  friend bool operator==(const JobLimits&, const JobLimits&) = default;
};

/// How much of what is over is kept for each identity; beyond it, its oldest go.
struct KeptLimits {
  size_t count = 10'000;
  size_t bytes = size_t{16} << 20;

  friend bool operator==(const KeptLimits&, const KeptLimits&) = default;
};

/// The most that files_per_job may be, and that an exempt caller's job may have.
inline constexpr size_t kMaxFilesPerJob = 100'000;
inline constexpr size_t kMaxDisplayName = 256;   ///< Characters (code points).
inline constexpr size_t kMaxDescription = 1024;  ///< Characters (code points).
inline constexpr size_t kMaxHandlesPerJobAndSid = 16;
/// A shorter minimum retry delay becomes this.
inline constexpr absl::Duration kMinimumRetryDelayFloor = absl::Seconds(5);

/// E_INVALIDARG unless 1 to 256 characters of valid UTF-8 without NUL.
absl::Status CheckDisplayName(std::string_view name);
/// May be empty. BG_E_STRING_TOO_LONG over 1,024 characters; E_INVALIDARG for invalid UTF-8 or NUL.
absl::Status CheckDescription(std::string_view description);
/// E_INVALIDARG when negative, over 10 years or infinite.
absl::Status CheckDuration(absl::Duration duration);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_JOB_LIMITS_H_
