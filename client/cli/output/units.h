// Sizes, times and durations as people read them, and exactly.
//
// Thread safety: pure functions; the time zone is the process's.

#ifndef BITSD_CLIENT_CLI_OUTPUT_UNITS_H_
#define BITSD_CLIENT_CLI_OUTPUT_UNITS_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace bits::cli {

inline constexpr uint64_t kUnknownSize = std::numeric_limits<uint64_t>::max();

std::string ByteCount(uint64_t bytes);  ///< "1234", or "UNKNOWN" for 2^64-1.
std::string HumanSize(uint64_t bytes);  ///< "1.2 MiB", or "UNKNOWN".

/// "5 s", "2 min 5 s", "3 h 20 min", "4 d 2 h".
std::string HumanDuration(std::chrono::seconds duration);

/// Local time and how far it is from `now`: "2026-03-01 09:30:00 (5 min ago)", "... (in 2 h)".
std::string HumanTime(const google::protobuf::Timestamp& time,
                      std::chrono::system_clock::time_point now);

/// "2026-03-01T08:30:00Z".
std::string ExactTime(const google::protobuf::Timestamp& time);

google::protobuf::Timestamp ToTimestamp(std::chrono::system_clock::time_point time);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_OUTPUT_UNITS_H_
