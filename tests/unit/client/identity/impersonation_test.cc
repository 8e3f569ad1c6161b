// Which identity is in force on a thread.

#include "bitsd/client/impersonation.h"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "client/identity/caller.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

ImpersonationToken TokenFor(const std::string& sid) {
  return TokenAccess::TokenOf(std::make_shared<const Caller>(Caller{{}, sid, {}}));
}

std::string InForce() {
  const auto caller = ThreadCaller();
  return caller == nullptr ? "nobody" : caller->sid;
}

TEST(ScopedImpersonationTest, TheInnermostScopeOfTheThreadIsInForce) {
  EXPECT_EQ(InForce(), "nobody");
  {
    const ScopedImpersonation outer(TokenFor("a"));
    {
      const ScopedImpersonation inner(TokenFor("b"));
      EXPECT_EQ(InForce(), "b");
      EXPECT_EQ(std::async(std::launch::async, InForce).get(), "nobody");
    }
    EXPECT_EQ(InForce(), "a");
  }
  EXPECT_EQ(InForce(), "nobody");
}

TEST(ScopedImpersonationTest, TheYoungestLivingScopeCountsInWhateverOrderTheyEnd) {
  std::optional<ScopedImpersonation> first(std::in_place, TokenFor("a"));
  std::optional<ScopedImpersonation> second(std::in_place, TokenFor("b"));
  std::optional<ScopedImpersonation> third(std::in_place, TokenFor("c"));
  second.reset();
  EXPECT_EQ(InForce(), "c");
  first.reset();
  EXPECT_EQ(InForce(), "c");
  third.reset();
  EXPECT_EQ(InForce(), "nobody");
}

TEST(ScopedImpersonationDeathTest, AScopeThatEndsOnAnotherThreadEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::optional<ScopedImpersonation> scope(std::in_place, TokenFor("a"));
        std::thread([&] { scope.reset(); }).join();
      },
      "ended on another thread");
}

}  // namespace
}  // namespace bits
