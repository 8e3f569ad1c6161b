// The values that people give for parameters, parsed. A usage error says what is expected.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_VALUES_H_
#define BITSD_CLIENT_CLI_VALUES_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bits/v1/job.pb.h"

namespace bits::cli {

/// In any case: "high".
absl::StatusOr<v1::JobPriority> ParsePriority(const std::string& text);
absl::StatusOr<v1::JobType> ParseType(const std::string& text);

/// A number without a sign, decimal or 0x..., of at most `max`; `what` names it.
absl::StatusOr<uint64_t> ParseNumber(const std::string& text, const std::string& what,
                                     uint64_t max);

/// "45s", "30m", "8h", "1d", or seconds without a unit; of at most `max`; `what` names it.
absl::StatusOr<std::chrono::seconds> ParseDuration(const std::string& text, const std::string& what,
                                                   std::chrono::seconds max);

/// An error unless `value`, which `what` names, is UTF-8, as all text of the service.
absl::Status CheckUtf8(const std::string& what, const std::string& value);

/// Remote and local names in turn.
absl::StatusOr<std::vector<v1::FileInfo>> ParsePairs(const std::vector<std::string>& names);

/// A line for each file: remote name, blanks, local name. Empty lines do not count.
absl::StatusOr<std::vector<v1::FileInfo>> ParseFileSet(const std::string& text);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_VALUES_H_
