// Which texts are SIDs.

#include "client/identity/sid_text.h"

#include <string>

#include "gtest/gtest.h"

namespace bits {
namespace {

constexpr char kAlice[] = "S-1-5-21-1111111111-2222222222-3333333333-500";

TEST(SidTextTest, OnlyCanonicalTextIsASid) {
  for (const char* good : {"S-1-5-18", kAlice, "S-1-0x123456789ABC-1", "S-1-5-4294967295"}) {
    EXPECT_TRUE(IsCanonicalSid(good)) << good;
  }
  for (const char* bad :
       {"", "S-1-5", "S-1-5-", "s-1-5-18", "S-1-05-18", "S-1-5-018", "S-1-5-4294967296", "S-2-5-18",
        "S-1-5--18", "S-1-5-18-", "S-1-0x000000000005-18", "S-1-0x123456789abc-1", "S-1-5-18 ",
        "S-1-5-+1", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16"}) {
    EXPECT_FALSE(IsCanonicalSid(bad)) << bad;
  }
}

}  // namespace
}  // namespace bits
