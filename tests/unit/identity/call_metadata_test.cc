#include "server/identity/call_metadata.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

absl::StatusOr<CallMetadata> Parse(const Pairs& pairs) {
  CallMetadataParser parser;
  for (const auto& [key, value] : pairs) parser.Add(key, value);
  return parser.Finish();
}

TEST(CallMetadataTest, NothingSaidMeansFullTokenAtLevelImpersonate) {
  const auto metadata = Parse({{"user-agent", "x"}, {"authorization", "y"}, {"bit", "z"}});
  ASSERT_TRUE(metadata.ok());
  EXPECT_FALSE(metadata->filter_administrators);
  EXPECT_EQ(metadata->level, ImpersonationLevel::kImpersonate);
}

TEST(CallMetadataTest, FilterAndLevelAreTaken) {
  const auto metadata =
      Parse({{"bits-filter-admin", "1"}, {"bits-impersonation-level", "identify"}});
  ASSERT_TRUE(metadata.ok());
  EXPECT_TRUE(metadata->filter_administrators);
  EXPECT_EQ(metadata->level, ImpersonationLevel::kIdentify);
}

TEST(CallMetadataTest, EveryLevelHasItsName) {
  const std::vector<std::pair<std::string_view, ImpersonationLevel>> levels = {
      {"anonymous", ImpersonationLevel::kAnonymous},
      {"identify", ImpersonationLevel::kIdentify},
      {"impersonate", ImpersonationLevel::kImpersonate},
      {"delegate", ImpersonationLevel::kDelegate}};
  for (const auto& [name, level] : levels) {
    const auto metadata = Parse({{"bits-impersonation-level", name}});
    ASSERT_TRUE(metadata.ok()) << name;
    EXPECT_EQ(metadata->level, level) << name;
  }
}

TEST(CallMetadataTest, WhatIsNotUnderstoodIsRefusedAndNeverIgnored) {
  const std::string huge(100'000, 'x');
  const std::vector<Pairs> wrong = {
      {{"bits-filter-admin", "0"}},
      {{"bits-filter-admin", ""}},
      {{"bits-filter-admin", "true"}},
      {{"bits-filter-admin", "11"}},
      {{"bits-filter-admin", std::string_view("1\0", 2)}},
      {{"bits-filter-admin", "1"}, {"bits-filter-admin", "1"}},
      {{"bits-impersonation-level", ""}},
      {{"bits-impersonation-level", "Impersonate"}},
      {{"bits-impersonation-level", "identify "}},
      {{"bits-impersonation-level", huge}},
      {{"bits-impersonation-level", "identify"}, {"bits-impersonation-level", "identify"}},
      {{"bits-session-id", ""}},
      {{"bits-session-id", "1"}},
      {{"bits-session-id", "ad44f2b0-0000-4000-8000-00000000000f "}},
      {{"bits-session-id", huge}},
      {{"bits-session-id", "ad44f2b0-0000-4000-8000-00000000000f"},
       {"bits-session-id", "ad44f2b0-0000-4000-8000-00000000000f"}},
      {{"bits-", "1"}},
      {{"bits-filter-admin-bin", "1"}},
      {{"bits-unknown", "1"}},
      {{"BITS-FILTER-ADMIN", "1"}},
      {{"bits-filter-admin", "1"}, {"bits-unknown", "1"}},
  };
  for (const Pairs& pairs : wrong) {
    const auto metadata = Parse(pairs);
    EXPECT_FALSE(metadata.ok()) << pairs.back().first;
    EXPECT_EQ(DetailOf(metadata.status()).hresult, Hresult::kInvalidArgument) << pairs.back().first;
    EXPECT_LT(metadata.status().message().size(), 200u);
  }
}

TEST(CallMetadataTest, ASessionIsTaken) {
  const auto metadata = Parse({{"bits-session-id", "ad44f2b0-0000-4000-8000-00000000000f"}});
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->session->ToString(), "ad44f2b0-0000-4000-8000-00000000000f");
  EXPECT_FALSE(Parse({})->session.has_value());
}

TEST(CallMetadataTest, AnErrorIsNotUndoneByWhatFollows) {
  EXPECT_FALSE(Parse({{"bits-filter-admin", "0"}, {"bits-impersonation-level", "identify"}}).ok());
}

}  // namespace
}  // namespace bitsd
