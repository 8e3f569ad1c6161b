#include "server/identity/sid.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/identity/sid_pool.h"

namespace bitsd {
namespace {

std::string Repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(SidTest, CanonicalTextSurvivesTheBinaryForm) {
  for (const std::string& text :
       {std::string("S-1-5-18"), std::string("S-1-0-0"), std::string("S-1-5-21-1-2-3-1001"),
        std::string("S-1-5-4294967295"), std::string("S-1-4294967295-1"),
        std::string("S-1-0x000100000000-7"), std::string("S-1-0xA0000000000F-7"),
        std::string("S-1-0xFFFFFFFFFFFF-1"), "S-1-0xFFFFFFFFFFFF" + Repeat("-4294967295", 15)}) {
    const absl::StatusOr<Sid> sid = Sid::Parse(text);
    ASSERT_TRUE(sid.ok()) << text;
    EXPECT_EQ(sid->ToString(), text);
  }
}

TEST(SidTest, AnyOtherSpellingIsMalformed) {
  for (const std::string& text : {std::string(""),
                                  std::string("S"),
                                  std::string("S-1"),
                                  std::string("S-1-5"),
                                  std::string("s-1-5-18"),
                                  std::string("S-2-5-18"),
                                  std::string("S-01-5-18"),
                                  std::string("S-1-05-18"),
                                  std::string("S-1-5-018"),
                                  std::string("S-1-5-18 "),
                                  std::string(" S-1-5-18"),
                                  std::string("S-1-5-18-"),
                                  std::string("S-1-5--18"),
                                  std::string("S-1-5-+18"),
                                  std::string("S-1-5--1"),
                                  std::string("S-1-5-0x12"),
                                  std::string("S-1-5-4294967296"),
                                  std::string("S-1-5-99999999999999999999"),
                                  std::string("S-1-4294967296-1"),
                                  std::string("S-1-0x000000000005-18"),
                                  std::string("S-1-0x00010000000a-1"),
                                  std::string("S-1-0X000100000000-1"),
                                  std::string("S-1-0x100000000-1"),
                                  std::string("S-1-0x1000000000000-1"),
                                  std::string("S-1-5-18\0", 9),
                                  std::string("S-1-5-18\n"),
                                  std::string("S-1-5-18,S-1-5-19"),
                                  std::string("S-1-5-\xD9\xA1"),
                                  "S-1-5" + Repeat("-1", 16),
                                  "S-1-5-" + Repeat("1", 100000),
                                  std::string("S-1-5-18\xC2\xA0")}) {
    const absl::StatusOr<Sid> sid = Sid::Parse(text);
    EXPECT_FALSE(sid.ok()) << text;
    EXPECT_EQ(DetailOf(sid.status()).hresult, Hresult::kInvalidArgument) << text;
  }
}

TEST(SidTest, DifferentSidsAreDifferent) {
  std::set<Sid> sids = {Sid()};
  for (const char* text : {"S-1-5-18", "S-1-5-19", "S-1-5-18-0", "S-1-6-18", "S-1-5-0-18"}) {
    EXPECT_TRUE(sids.insert(*Sid::Parse(text)).second) << text;
  }
}

TEST(SidTest, OnlyTheThreeServiceSidsAreWellKnownServices) {
  EXPECT_TRUE(IsWellKnownService(*Sid::Parse("S-1-5-18")));
  EXPECT_TRUE(IsWellKnownService(*Sid::Parse("S-1-5-19")));
  EXPECT_TRUE(IsWellKnownService(*Sid::Parse("S-1-5-20")));
  EXPECT_FALSE(IsWellKnownService(*Sid::Parse("S-1-5-18-1")));
  EXPECT_FALSE(IsWellKnownService(*Sid::Parse("S-1-5-32-544")));
}

TEST(SidPoolTest, EqualSidsAreKeptOnceAndStayWhereTheyAre) {
  SidPool pool;
  const Sid& first = pool.Keep(kLocalSystemSid);
  for (uint32_t i = 0; i < 1000; ++i) pool.Keep(Sid(5, {21, 1, 2, 3, i}));
  EXPECT_EQ(first, kLocalSystemSid);
  EXPECT_EQ(&pool.Keep(Sid(5, {18})), &first);
  EXPECT_NE(&pool.Keep(kLocalServiceSid), &first);
}

}  // namespace
}  // namespace bitsd
