// Local names, display names, descriptions, durations, and the UTF-8 they are counted in.

#include <string>

#include "gtest/gtest.h"
#include "server/base/utf8.h"
#include "server/policy/job_limits.h"
#include "server/policy/local_names.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

using namespace std::string_literals;

std::string Repeat(const std::string& text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

const std::string kBadUtf8[] = {
    "\x80",              // A continuation byte alone.
    "\xC3",              // Cut short.
    "\xE2\x82",          // Cut short.
    "\xF0\x9F\x98",      // Cut short.
    "\xC0\xAF",          // Overlong slash.
    "\xE0\x80\xAF",      // Overlong slash.
    "\xF0\x80\x80\xAF",  // Overlong slash.
    "\xC0\x80",          // Overlong NUL.
    "\xED\xA0\x80",      // Surrogate.
    "\xED\xBF\xBF",      // Surrogate.
    "\xF4\x90\x80\x80",  // Over U+10FFFF.
    "\xF8\x88\x80\x80\x80",
    "\xFE",
    "\xFF",
    "\xC3\x28",
    "\xE2\x28\xA1",
};

TEST(Utf8Test, EveryCodePointAtTheEdgesIsDecoded) {
  EXPECT_EQ(DecodeUtf8("a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"
                       "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
            U"a\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\U00010000\U0010FFFF");
  EXPECT_EQ(DecodeUtf8(""), U"");
}

TEST(Utf8Test, WhatIsNotUtf8IsNotDecoded) {
  for (const std::string& bad : kBadUtf8) {
    EXPECT_FALSE(DecodeUtf8(bad)) << testing::PrintToString(bad);
    EXPECT_FALSE(DecodeUtf8("a" + bad + "b")) << testing::PrintToString(bad);
  }
}

TEST(LocalNameTest, AbsoluteCanonicalNamesAreTaken) {
  const std::string names[] = {
      "/a",
      "/srv/data/file.iso",
      "/a b/ü/...",
      "/..a/.b/c..",
      "/a\\b",
      "/" + std::string(255, 'x'),
      Repeat("/" + std::string(254, 'x'), 16) + "/" + std::string(14, 'y')};
  for (const std::string& name : names) {
    EXPECT_EQ(Verdict(CheckLocalName(name)), "ok") << name;
  }
}

TEST(LocalNameTest, EveryOtherSpellingIsRefused) {
  const std::string names[] = {
      "",
      "/",
      "//",
      "a",
      "./a",
      "../a",
      "~/a",
      "file:///a",
      "C:\\a",
      "//a",
      "/a//b",
      "/a/",
      "/.",
      "/..",
      "/a/./b",
      "/a/../b",
      "/a/..",
      "/a/.",
      "/a\0b"s,
      "\0/a"s,
      "/a\nb",
      "/a\x1B[2J",
      "/a\x7F",
      "/a\xC2\x85",
      "/" + std::string(256, 'x'),
      Repeat("/" + std::string(254, 'x'), 16) + "/" + std::string(15, 'y')};
  for (const std::string& name : names) {
    EXPECT_EQ(Verdict(CheckLocalName(name)), "E_INVALIDARG") << testing::PrintToString(name);
  }
  for (const std::string& bad : kBadUtf8) {
    EXPECT_EQ(Verdict(CheckLocalName("/srv/" + bad)), "E_INVALIDARG");
  }
}

TEST(LocalNameTest, AFolderIsNamedAsOne) {
  for (const char* name : {"/srv/data/", "/srv//", "/"}) {
    const absl::Status status = CheckLocalName(name);
    const std::string message(status.message().data(), status.message().size());
    EXPECT_NE(message.find("is a folder"), std::string::npos) << name;
    EXPECT_NE(message.find("add the file's name"), std::string::npos) << name;
  }
}

TEST(LocalNameTest, TheDirectoryIsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(DirectoryOf("/a"), "/");
  EXPECT_EQ(DirectoryOf("/srv/data/file"), "/srv/data");
}

TEST(JobLimitsTest, DisplayNamesHave1To256Characters) {
  EXPECT_EQ(Verdict(CheckDisplayName("x")), "ok");
  EXPECT_EQ(Verdict(CheckDisplayName(std::string(256, 'x'))), "ok");
  EXPECT_EQ(Verdict(CheckDisplayName(Repeat("\xF0\x9F\x98\x80", 256))), "ok");
  EXPECT_EQ(Verdict(CheckDisplayName("")), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDisplayName(std::string(257, 'x'))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDisplayName(Repeat("ü", 257))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckDisplayName("a\0b"s)), "E_INVALIDARG");
  for (const std::string& bad : kBadUtf8) {
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
  for (const std::string& bad : kBadUtf8) {
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

TEST(LocalNamesTest, ADestinationLeavesRoomForItsTemporaryFile) {
  const auto path_in = [](size_t directory) {
    std::string path;
    while (path.size() < directory) path += path.size() % 200 == 0 ? '/' : 'd';
    return path + "/f";
  };
  EXPECT_EQ(Verdict(CheckDestination("/f")), "ok");
  EXPECT_EQ(Verdict(CheckDestination(path_in(4070))), "ok");
  EXPECT_EQ(Verdict(CheckDestination(path_in(4071))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckLocalName(path_in(4071))), "ok");
  EXPECT_EQ(Verdict(CheckDestination("f")), "E_INVALIDARG");
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
