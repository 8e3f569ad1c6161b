// Which texts are UUIDs, and new ones.

#include "client/base/uuid.h"

#include <string>

#include "gtest/gtest.h"

namespace bits {
namespace {

TEST(UuidTest, EverySpellingBecomesTheCanonicalOne) {
  const std::string canonical = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2";
  EXPECT_EQ(CanonicalUuid("{9A2584C3-F7D2-457A-9A5E-22B67BFFC7D2}"), canonical);
  EXPECT_EQ(CanonicalUuid(canonical), canonical);
  for (const char* bad :
       {"", "nightly", "{9a2584c3-f7d2-457a-9a5e-22b67bffc7d2",
        "9a2584c3-f7d2-457a-9a5e-22b67bffc7dg", "9a2584c3f7d2457a9a5e22b67bffc7d2"}) {
    EXPECT_FALSE(CanonicalUuid(bad)) << bad;
  }
}

TEST(UuidTest, NewOnesAreCanonicalAndDiffer) {
  const auto one = NewUuid();
  const auto two = NewUuid();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(CanonicalUuid(*one), *one);
  EXPECT_EQ((*one)[14], '4');
  EXPECT_NE(*one, *two);
}

}  // namespace
}  // namespace bits
