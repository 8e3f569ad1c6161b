// What is decoded as UTF-8, and what is not.

#include "server/base/utf8.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/bad_utf8.h"

namespace bitsd {
namespace {

TEST(Utf8Test, EveryCodePointAtTheEdgesIsDecoded) {
  EXPECT_EQ(DecodeUtf8("a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"
                       "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
            U"a\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\U00010000\U0010FFFF");
  EXPECT_EQ(DecodeUtf8(""), U"");
}

TEST(Utf8Test, WhatIsNotUtf8IsNotDecoded) {
  for (const std::string& bad : tests::kBadUtf8) {
    EXPECT_FALSE(DecodeUtf8(bad)) << testing::PrintToString(bad);
    EXPECT_FALSE(DecodeUtf8("a" + bad + "b")) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace bitsd
