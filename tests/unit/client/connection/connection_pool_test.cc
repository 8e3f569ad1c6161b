// Which connections are kept, and how long.

#include "client/connection/connection_pool.h"

#include <chrono>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

using std::chrono::seconds;

Identity IdentityCalled(const std::string& name) { return {name, "key", "roots"}; }

ConnectionOptions PoolOptions() { return {"127.0.0.1:1", "", seconds(60), seconds(30)}; }

TEST(ConnectionPoolTest, TheSameIdentityHasOneConnectionAndAnotherHasAnother) {
  ConnectionPool pool(PoolOptions(), 10);
  const auto alice = pool.Get(IdentityCalled("alice"));
  EXPECT_EQ(pool.Get(IdentityCalled("alice")), alice);
  EXPECT_NE(pool.Get(IdentityCalled("bob")), alice);
  EXPECT_NE(pool.Get({"alice", "another key", "roots"}), alice);
  EXPECT_NE(pool.Get({"alice", "key", "other roots"}), alice);
  EXPECT_EQ(pool.size(), 4u);
}

TEST(ConnectionPoolTest, BeyondTheBoundTheLeastRecentlyUsedOneIsLetGo) {
  ConnectionPool pool(PoolOptions(), 2);
  const auto now = ConnectionPool::Clock::now();
  const auto alice = pool.Get(IdentityCalled("alice"), now);
  const auto bob = pool.Get(IdentityCalled("bob"), now + seconds(1));
  pool.Get(IdentityCalled("alice"), now + seconds(2));
  pool.Get(IdentityCalled("carol"), now + seconds(3));
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_EQ(pool.Get(IdentityCalled("alice"), now + seconds(4)), alice);
  EXPECT_NE(pool.Get(IdentityCalled("bob"), now + seconds(5)), bob);
}

TEST(ConnectionPoolTest, WhatNobodyUsesIsClosedAfterAWhileAndWhatIsInUseIsNot) {
  ConnectionPool pool(PoolOptions(), 10);
  const auto now = ConnectionPool::Clock::now();
  std::weak_ptr<const Connection> unused = pool.Get(IdentityCalled("unused"), now);
  const auto used = pool.Get(IdentityCalled("used"), now);
  pool.Get(IdentityCalled("new"), now + seconds(59));
  EXPECT_FALSE(unused.expired());
  pool.Get(IdentityCalled("newer"), now + seconds(60));
  EXPECT_TRUE(unused.expired());
  EXPECT_EQ(pool.Get(IdentityCalled("used"), now + seconds(61)), used);
}

}  // namespace
}  // namespace bits
