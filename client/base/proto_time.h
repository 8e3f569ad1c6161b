// Times and durations of the contract as std::chrono has them.
//
// Internal. What comes from the service is clamped: no answer makes the arithmetic overflow. Thread
// safety: pure functions.

#ifndef BITSD_CLIENT_BASE_PROTO_TIME_H_
#define BITSD_CLIENT_BASE_PROTO_TIME_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace bits {

/// Beyond it nanoseconds since 1970 do not fit into 64 bits: the year 2255.
inline constexpr int64_t kLatestSecond = 9'000'000'000;

inline std::chrono::system_clock::time_point TimeOf(const google::protobuf::Timestamp& time) {
  const auto since_epoch =
      std::chrono::seconds(std::clamp<int64_t>(time.seconds(), 0, kLatestSecond)) +
      std::chrono::nanoseconds(time.nanos());
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
}

inline std::chrono::seconds SecondsOf(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(std::clamp<int64_t>(duration.seconds(), 0, kLatestSecond));
}

}  // namespace bits

#endif  // BITSD_CLIENT_BASE_PROTO_TIME_H_
