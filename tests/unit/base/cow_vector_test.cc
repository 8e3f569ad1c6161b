// Copies of a list share what did not change, and never see what did.

#include "server/base/cow_vector.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bitsd {
namespace {

using Words = CowVector<std::string>;

Words Numbers(size_t count) {
  Words words;
  for (size_t i = 0; i < count; ++i) words.push_back(std::to_string(i));
  return words;
}

TEST(CowVectorTest, ItIsTheListThatWasPushed) {
  for (const size_t count : {0u, 1u, 31u, 32u, 33u, 1000u}) {
    const Words words = Numbers(count);
    ASSERT_EQ(words.size(), count);
    EXPECT_EQ(words.empty(), count == 0);
    size_t i = 0;
    for (const std::string& word : words) EXPECT_EQ(word, std::to_string(i++));
    EXPECT_EQ(i, count);
    EXPECT_EQ(words, Words(std::vector<std::string>(words.begin(), words.end())));
  }
  EXPECT_EQ(Words(3)[2], "");
}

TEST(CowVectorTest, AChangeOfACopyIsNotSeenByTheOthers) {
  const Words before = Numbers(100);
  Words after = before;
  EXPECT_EQ(before, after);
  after.Edit(40) = "changed";
  after.push_back("more");
  EXPECT_EQ(before[40], "40");
  EXPECT_EQ(before.size(), 100u);
  EXPECT_EQ(after[40], "changed");
  EXPECT_EQ(after[100], "more");
  EXPECT_FALSE(before == after);
}

TEST(CowVectorTest, AChangeCopiesOneBlockOnly) {
  const Words before = Numbers(1000);
  Words after = before;
  after.Edit(500) = "changed";
  size_t moved = 0;
  for (size_t i = 0; i < before.size(); ++i) moved += &before[i] != &after[i] ? 1 : 0;
  EXPECT_EQ(moved, 32u);
}

TEST(CowVectorTest, TheSameLengthWithOneOtherValueIsNotEqual) {
  Words one = Numbers(64);
  const Words other = Numbers(64);
  EXPECT_EQ(one, other);
  one.Edit(63) = "x";
  EXPECT_FALSE(one == other);
}

}  // namespace
}  // namespace bitsd
