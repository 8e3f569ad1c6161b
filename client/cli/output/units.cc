#include "client/cli/output/units.h"

#include <google/protobuf/util/time_util.h>

#include <array>
#include <cstdio>
#include <ctime>

namespace bits::cli {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::seconds;

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

std::string TwoUnits(int64_t first, const char* unit, int64_t second, const char* smaller) {
  std::string text = std::to_string(first) + " " + unit;
  if (second > 0) text += " " + std::to_string(second) + " " + smaller;
  return text;
}

std::string Distance(int64_t from_now) {
  if (from_now == 0) return "now";
  if (from_now < 0) return HumanDuration(seconds(-from_now)) + " ago";
  return "in " + HumanDuration(seconds(from_now));
}

}  // namespace

std::string ByteCount(uint64_t bytes) {
  return bytes == kUnknownSize ? "UNKNOWN" : std::to_string(bytes);
}

std::string HumanSize(uint64_t bytes) {
  if (bytes == kUnknownSize) return "UNKNOWN";
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string HumanDuration(seconds duration) {
  const int64_t count = duration.count();
  if (count < kMinute) return std::to_string(count) + " s";
  if (count < kHour) return TwoUnits(count / kMinute, "min", count % kMinute, "s");
  if (count < kDay) return TwoUnits(count / kHour, "h", count % kHour / kMinute, "min");
  return TwoUnits(count / kDay, "d", count % kDay / kHour, "h");
}

std::string HumanTime(const google::protobuf::Timestamp& time,
                      std::chrono::system_clock::time_point now) {
  const time_t when = TimeUtil::TimestampToTimeT(time);
  std::tm local{};
  localtime_r(&when, &local);
  char text[32];
  if (std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local) == 0) return ExactTime(time);
  return std::string(text) + " (" + Distance(when - std::chrono::system_clock::to_time_t(now)) +
         ")";
}

std::string ExactTime(const google::protobuf::Timestamp& time) { return TimeUtil::ToString(time); }

google::protobuf::Timestamp ToTimestamp(std::chrono::system_clock::time_point time) {
  return TimeUtil::TimeTToTimestamp(std::chrono::system_clock::to_time_t(time));
}

}  // namespace bits::cli
