// Handles as text.

#include "bitsd/client/handle.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

TEST(HandleTest, HexGoesThereAndBack) {
  const auto handle = Handle::FromHex(std::string(kHex) + "\n");
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_EQ(handle->bytes().size(), Handle::kSize);
  EXPECT_EQ(handle->bytes()[31], '\x1f');
  EXPECT_EQ(handle->ToHex(), kHex);
}

TEST(HandleTest, AnythingElseIsRefusedWithoutRepeatingIt) {
  const std::string text = kHex;
  for (const std::string& bad : {std::string(), text.substr(1), text + "0", "g" + text.substr(1)}) {
    const auto handle = Handle::FromHex(bad);
    ASSERT_FALSE(handle.ok());
    EXPECT_THAT(std::string(handle.status().message()), Not(HasSubstr("0203")));
  }
  EXPECT_FALSE(Handle::FromBytes("short").ok());
}

}  // namespace
}  // namespace bits
