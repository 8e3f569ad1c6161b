// Display names, descriptions, durations, and how many jobs and files there may be.

#include "server/policy/job_limits.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/bad_utf8.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

using namespace std::string_literals;

std::string Repeat(const std::string& text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

TEST(JobLimitsTest, DisplayNamesHave1To256Characters) {
  EXPECT_EQ(Verdict(CheckDisplayName("x")), "ok");
  EXPECT_EQ(Verdict(CheckDisplayName(std::string(256, 'x'))), "ok");
  EXPECT_EQ(Verdict(CheckDisplayName(Repeat("\xF0\x9F\x98\x80", 256))), "ok");
  EXPECT_EQ(Verdict(CheckDisplayName("")), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDisplayName(std::string(257, 'x'))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDisplayName(Repeat("ü", 257))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDisplayName("a\0b"s)), "E_INVALIDARG");
  for (const std::string& bad : tests::kBadUtf8) {
    EXPECT_EQ(Verdict(CheckDisplayName(bad)), "E_INVALIDARG");
  }
}

TEST(JobLimitsTest, DescriptionsHaveUpTo1024Characters) {
  EXPECT_EQ(Verdict(CheckDescription("")), "ok");
  EXPECT_EQ(Verdict(CheckDescription(Repeat("ü", 1024))), "ok");
  EXPECT_EQ(Verdict(CheckDescription(std::string(1025, 'x'))), "BG_E_STRING_TOO_LONG");
  EXPECT_EQ(Verdict(CheckDescription(Repeat("\xF0\x9F\x98\x80", 1025))), "BG_E_STRING_TOO_LONG");
  EXPECT_EQ(Verdict(CheckDescription(std::string(1 << 20, 'x'))), "BG_E_STRING_TOO_LONG");
  EXPECT_EQ(Verdict(CheckDescription("a\0b"s)), "E_INVALIDARG");
  for (const std::string& bad : tests::kBadUtf8) {
    EXPECT_EQ(Verdict(CheckDescription(bad)), "E_INVALIDARG");
  }
}

TEST(JobLimitsTest, DurationsAreBounded) {
  EXPECT_EQ(Verdict(CheckDuration(absl::ZeroDuration())), "ok");
  const absl::Duration ten_years = absl::Hours(24 * 3653);
  EXPECT_EQ(Verdict(CheckDuration(ten_years)), "ok");
  EXPECT_EQ(Verdict(CheckDuration(ten_years + absl::Nanoseconds(1))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDuration(-absl::Nanoseconds(1))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDuration(absl::Hours(24 * 366 * 10))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDuration(absl::InfiniteDuration())), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDuration(-absl::InfiniteDuration())), "E_INVALIDARG");
}

TEST(JobLimitsTest, LimitsAreThoseOfBits) {
  const JobLimits limits;
  EXPECT_EQ(limits.jobs_per_machine, 300u);
  EXPECT_EQ(limits.jobs_per_user, 60u);
  EXPECT_EQ(limits.files_per_job, 200u);
  EXPECT_EQ(kMinimumRetryDelayFloor, absl::Seconds(5));
}

}  // namespace
}  // namespace bitsd::policy
