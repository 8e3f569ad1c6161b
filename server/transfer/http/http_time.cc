#include "server/transfer/http/http_time.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "server/base/absl_view.h"
#include "server/policy/http_status.h"

namespace bitsd {
namespace {

constexpr char kFixed[] = "%a, %d %b %E4Y %H:%M:%S GMT";
constexpr char kRfc850[] = "%A, %d-%b-%y %H:%M:%S GMT";
constexpr char kAsctime[] = "%a %b %e %H:%M:%S %E4Y";

/// How much older than the answer a file must be: a clock of seconds, and two that differ.
constexpr absl::Duration kStrongAge = absl::Seconds(60);
/// The same by our own clock.
constexpr absl::Duration kStrongAgeWithoutDate = absl::Hours(24);

/// Files on the Web are younger. An older date was made up: the beginning of some calendar of
/// computers, or the date of all files in reproducible packages.
constexpr int kOldestYear = 1990;

/// So was the first second or two of a year.
bool IsMadeUp(absl::Time time) {
  const absl::CivilSecond civil = absl::ToCivilSecond(time, absl::UTCTimeZone());
  const absl::CivilSecond begin(civil.year(), 1, 1, 0, 0, 0);
  return civil.year() < kOldestYear || civil - begin <= 1;
}

bool HasOnlyCharactersOfDates(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == ' ' || c == ',' || c == ':' ||
           c == '-';
  });
}

/// A year of two digits is at most 50 years ahead (RFC 9110, 5.6.7).
absl::Time InItsCentury(absl::Time time, absl::Time now) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond limit = absl::ToCivilSecond(now, utc);
  absl::CivilSecond civil = absl::ToCivilSecond(time, utc);
  const auto later = [](absl::CivilSecond c, int years) {
    return absl::CivilSecond(c.year() + years, c.month(), c.day(), c.hour(), c.minute(),
                             c.second());
  };
  while (civil > later(limit, 50)) civil = later(civil, -100);
  while (later(civil, 100) <= later(limit, 50)) civil = later(civil, 100);
  return absl::FromCivil(civil, utc);
}

std::optional<HttpTime> ParseForm(const char* form, std::string_view text, absl::Time now) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(form, ToAbsl(text), &time, &error)) return std::nullopt;
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  if (form == kRfc850) time = InItsCentury(time, now);
  const absl::TimeZone utc = absl::UTCTimeZone();
  const auto year = absl::ToCivilSecond(time, utc).year();
  if (year < 1 || year > 9999) return std::nullopt;
  return HttpTime{time, absl::FormatTime(form, time, utc) == ToAbsl(text)};
}

}  // namespace

std::optional<HttpTime> ParseHttpTime(std::string_view text, absl::Time now) {
  // ParseTime also takes other blanks, and words.
  if (!HasOnlyCharactersOfDates(text)) return std::nullopt;
  for (const char* form : {kFixed, kRfc850, kAsctime}) {
    if (auto time = ParseForm(form, text, now)) return time;
  }
  return std::nullopt;
}

bool IsStrongDate(std::string_view modified, std::string_view date, absl::Time now) {
  const auto written = ParseHttpTime(modified, now);
  if (!written || !written->exact || IsMadeUp(written->time)) return false;
  if (const auto made = ParseHttpTime(date, now)) return written->time + kStrongAge <= made->time;
  return written->time + kStrongAgeWithoutDate <= now;
}

std::optional<absl::Duration> ParseRetryAfter(std::string_view text, std::string_view date,
                                              absl::Time now) {
  absl::Duration wait;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_digit)) {
    int64_t seconds = 0;
    // Digits that are no number are too many.
    const bool fits = absl::SimpleAtoi(ToAbsl(text), &seconds);
    wait = fits ? absl::Seconds(seconds) : absl::InfiniteDuration();
  } else if (const auto when = ParseHttpTime(text, now)) {
    const auto made = ParseHttpTime(date, now);
    wait = when->time - (made ? made->time : now);
  } else {
    return std::nullopt;
  }
  return std::clamp(wait, absl::ZeroDuration(), policy::kMaxRetryAfter);
}

}  // namespace bitsd
