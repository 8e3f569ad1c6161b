// Dates and times in the fields of a response.

#include "server/transfer/http/http_time.h"

#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/policy/http_status.h"
#include "tests/unit/transfer/http/response_fixture.h"

namespace bitsd {
namespace {

TEST(HttpTimeTest, AllThreeFormsOfADateAreRead) {
  const absl::Time when = absl::FromUnixSeconds(784111777);
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    const auto time = ParseHttpTime(text, Now());
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(time->time, when) << text;
    EXPECT_TRUE(time->exact) << text;
  }
}

TEST(HttpTimeTest, AYearOfTwoDigitsIsAtMostFiftyYearsAhead) {
  const auto year = [](const char* text, absl::Time now) {
    return absl::ToCivilSecond(ParseHttpTime(text, now)->time, absl::UTCTimeZone()).year();
  };
  EXPECT_EQ(year("Sunday, 06-Nov-75 08:49:37 GMT", Now()), 2075);
  EXPECT_EQ(year("Sunday, 06-Nov-77 08:49:37 GMT", Now()), 1977);
  EXPECT_EQ(year("Sunday, 06-Nov-00 08:49:37 GMT", Now()), 2000);
  EXPECT_EQ(year("Sunday, 06-Nov-70 08:49:37 GMT", Now() + absl::Hours(24 * 365 * 30)), 2070);
}

TEST(HttpTimeTest, WhatIsReadAndNotExactIsNeverSentBack) {
  for (const char* text : {"Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
                           "sun, 06 nov 1994 08:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT"}) {
    const auto time = ParseHttpTime(text, Now());
    ASSERT_TRUE(time) << text;
    EXPECT_FALSE(time->exact) << text;
    EXPECT_FALSE(IsStrongDate(text, "", Now())) << text;
  }
  for (const char* bad :
       {"", "infinite-future", "infinite-past", "yesterday", "784111777",
        "Sun, 06 Nov 1994 08:49:37\rGMT", "Sun,\t06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994\v08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\r", "Sun, 06 Nov 1994",
        "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(ParseHttpTime(bad, Now())) << bad;
  }
}

TEST(HttpTimeTest, DatesFarAwayAreThemselves) {
  const auto seconds = [](const char* text) {
    return absl::ToUnixSeconds(ParseHttpTime(text, Now())->time);
  };
  EXPECT_EQ(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
  EXPECT_EQ(seconds("Mon, 01 Jan 0001 00:00:00 GMT"), -62135596800);
}

TEST(HttpTimeTest, ADateIsStrongWhenTheFileWasOldAtTheAnswer) {
  const char* modified = "Sat, 01 Nov 2025 10:00:00 GMT";
  EXPECT_TRUE(IsStrongDate(modified, "Sat, 01 Nov 2025 10:01:00 GMT", Now()));
  EXPECT_TRUE(IsStrongDate(modified, "Saturday, 01-Nov-25 10:01:00 GMT", Now()));
  EXPECT_FALSE(IsStrongDate(modified, "Sat, 01 Nov 2025 10:00:59 GMT", Now()));
  EXPECT_FALSE(IsStrongDate(modified, modified, Now()));
  EXPECT_FALSE(IsStrongDate(modified, "Sat, 01 Nov 2025 09:00:00 GMT", Now()));
  // Without a Date our clock counts, which may be wrong by hours.
  const absl::Time time = ParseHttpTime(modified, Now())->time;
  for (const char* date : {"", "a, b"}) {
    EXPECT_TRUE(IsStrongDate(modified, date, time + absl::Hours(24))) << date;
    EXPECT_FALSE(IsStrongDate(modified, date, time + absl::Hours(23))) << date;
  }
}

TEST(HttpTimeTest, ADateThatProgramsGiveToEverythingIsNeverStrong) {
  for (const char* made_up : {"Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:01 GMT",
                              "Tue, 01 Jan 1980 00:00:00 GMT", "Fri, 01 Feb 1980 00:00:00 GMT",
                              "Sat, 26 Oct 1985 08:15:00 GMT", "Fri, 01 Jan 2010 00:00:00 GMT",
                              "Mon, 01 Jan 0001 00:00:00 GMT", "Mon, 01 Jan 1601 00:00:00 GMT"}) {
    EXPECT_FALSE(IsStrongDate(made_up, "Sat, 01 Nov 2025 10:01:00 GMT", Now())) << made_up;
    EXPECT_FALSE(IsStrongDate(made_up, "", Now())) << made_up;
    EXPECT_TRUE(ParseHttpTime(made_up, Now())) << "it is the time of the file all the same";
  }
  EXPECT_TRUE(IsStrongDate("Tue, 15 Nov 1994 12:45:26 GMT", "", Now()));
  EXPECT_TRUE(IsStrongDate("Fri, 01 Jan 2010 00:00:02 GMT", "", Now()));
}

TEST(HttpTimeTest, RetryAfterIsSecondsOrADateAndBounded) {
  const std::string now = "Sat, 01 Nov 2025 10:00:00 GMT";
  EXPECT_EQ(ParseRetryAfter("0", now, Now()), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("120", now, Now()), absl::Minutes(2));
  EXPECT_EQ(ParseRetryAfter("86401", now, Now()), policy::kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter("99999999999999999999", now, Now()), policy::kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Nov 2025 10:05:00 GMT", now, Now()), absl::Minutes(5));
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Nov 2025 09:05:00 GMT", now, Now()), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Nov 9999 10:00:00 GMT", now, Now()), policy::kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter(
                absl::FormatTime(absl::RFC1123_full, Now() + absl::Hours(2), absl::UTCTimeZone()),
                "", Now()),
            std::nullopt)
      << "a date with +0000 is none of HTTP";
  EXPECT_EQ(ParseRetryAfter(absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", Now() + absl::Hours(2),
                                             absl::UTCTimeZone()),
                            "", Now()),
            absl::Hours(2));
  for (const char* bad : {"", "-1", "+1", "1.5", "soon", "1, 2", "0x10", "1 s"}) {
    EXPECT_EQ(ParseRetryAfter(bad, now, Now()), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace bitsd
