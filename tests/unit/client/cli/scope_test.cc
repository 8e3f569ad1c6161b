// The limits of a loan on the command line, and durations as people write them.

#include <chrono>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/exit_code.h"
#include "client/cli/token_scope.h"
#include "client/cli/values.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"
#include "tests/testing/cli_words.h"

namespace bits::cli {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::system_clock::time_point kNow{seconds(1'000'000)};

absl::StatusOr<std::optional<v1::TokenScope>> Scope(Words words) {
  words.insert(words.begin(), {"set-helper-token", "--job", "j"});
  const ParsedLine line = ParseLine(words);
  EXPECT_FALSE(line.wrong) << line.message;
  return ScopeOf(line.arguments, kNow);
}

TEST(ScopeTest, NobodyLendsWithoutSayingForWhat) {
  const absl::Status status = Scope({}).status();
  EXPECT_EQ(ExitCodeOf(status), kExitUsage);
  for (const char* option :
       {"--local-root", "--host", "--usage", "--max-expire", "--unrestricted"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(option));
  }
  EXPECT_EQ(ExitCodeOf(Scope({"--unrestricted=false"}).status()), kExitUsage);
}

TEST(ScopeTest, EachLimitIsEnough) {
  EXPECT_THAT((*Scope({"--local-root", "/a", "/b"}))->local_roots(), ElementsAre("/a", "/b"));
  EXPECT_THAT((*Scope({"--host", "h", "--host", "i"}))->hosts(), ElementsAre("h", "i"));
  EXPECT_EQ((*Scope({"--usage", "LOCAL_FILE"}))->usage_flags(), 1u);
  EXPECT_EQ((*Scope({"--max-expire", "8h"}))->max_expire_time().seconds(), 1'000'000 + 8 * 3600);
}

TEST(ScopeTest, LimitsAddUpAndTheOthersStayOpen) {
  const auto scope = *Scope({"--host", "h", "--local-root", "/a"});
  EXPECT_THAT(scope->local_roots(), ElementsAre("/a"));
  EXPECT_THAT(scope->hosts(), ElementsAre("h"));
  EXPECT_EQ(scope->usage_flags(), 0u);
  EXPECT_FALSE(scope->has_max_expire_time());
}

TEST(ScopeTest, UnrestrictedIsNoScopeAndTakesNoLimit) {
  EXPECT_FALSE(Scope({"--unrestricted"})->has_value());
  EXPECT_EQ(ExitCodeOf(Scope({"--unrestricted", "--host", "h"}).status()), kExitUsage);
}

TEST(ScopeTest, WhatCannotBeMeantIsRefused) {
  for (const Words& words :
       {Words{"--usage", "NONE"}, Words{"--usage", "0"}, Words{"--usage", "EVERYTHING"},
        Words{"--max-expire", "soon"}, Words{"--max-expire", "99999d"}}) {
    EXPECT_EQ(ExitCodeOf(Scope(words).status()), kExitUsage) << words[1];
  }
}

TEST(ScopeTest, ATransferAsksForItsFoldersAndFlagsOnly) {
  const auto files =
      *ParsePairs({"http://h/1", "/a/x", "http://h/2", "/a/y", "http://i/3", "/b/z"});
  const auto scope = *ScopeFor(files, 1);
  EXPECT_THAT(scope.local_roots(), ElementsAre("/a", "/b"));
  EXPECT_EQ(scope.usage_flags(), 1u);
  EXPECT_THAT(scope.hosts(), IsEmpty()) << "it may redirect";
  EXPECT_EQ(ExitCodeOf(ScopeFor(*ParsePairs({"http://h/1", "x"}), 1).status()), kExitUsage);
}

TEST(ScopeTest, ManyFoldersAreLentAsWhatTheyHaveInCommon) {
  std::vector<std::string> names;
  for (int i = 0; i < 70; ++i) {
    const std::string folder = i % 2 == 0 ? "/srv/a/" : "/srv/a-b/";
    names.insert(names.end(), {"http://h/f", folder + std::to_string(i) + "/f"});
  }
  EXPECT_THAT(ScopeFor(*ParsePairs(names), 1)->local_roots(), ElementsAre("/srv"));
}

TEST(ScopeTest, ItIsSaidInWords) {
  EXPECT_EQ(ScopeText(*Scope({"--host", "h", "i\x1b", "--local-root", "/a", "--usage", "3"})),
            "  for files below /a\n  for transfers from h, i?\n"
            "  for flags 0x3 LOCAL_FILE NETWORK\n");
  EXPECT_THAT(ScopeText(std::nullopt), HasSubstr("everything"));
}

TEST(DurationTest, TheyHaveUnits) {
  const auto parse = [](const std::string& text) { return ParseDuration(text, "x", hours(48)); };
  EXPECT_EQ(*parse("45s"), seconds(45));
  EXPECT_EQ(*parse("45"), seconds(45));
  EXPECT_EQ(*parse("30m"), seconds(1800));
  EXPECT_EQ(*parse("8h"), hours(8));
  EXPECT_EQ(*parse("2d"), hours(48));
  for (const char* wrong : {"", "0", "-1", "+1", "1.5h", "h", "8 h", "8w", "49h", "3d", "8hh",
                            "9223372036854775807d", "99999999999999999999"}) {
    EXPECT_EQ(ExitCodeOf(parse(wrong).status()), kExitUsage) << wrong;
  }
}

}  // namespace
}  // namespace bits::cli
