// Who loses a connection when there are too many, and whose requests never end.

#include "server/rpc/door/connection_table.h"

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/integration/rpc/door/door_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

TEST(ConnectionTableTest, ANewConnectionTakesThePlaceOfTheOldestSilentOneOfItsAddress) {
  ConnectionTable table(Limits(10, 2, 2));
  const Pair first = MakePair();
  const Pair second = MakePair();
  const Pair third = MakePair();
  EXPECT_TRUE(table.Admit(Peer("a", 1), first.Second()).admitted);
  EXPECT_TRUE(table.Admit(Peer("a", 2), second.Second()).admitted);
  const auto admission = table.Admit(Peer("a", 3), third.Second());
  EXPECT_TRUE(admission.admitted && admission.another_ended);
  EXPECT_TRUE(tests::WaitFor([&] { return first.Ended(); }));
  EXPECT_FALSE(second.Ended());
  EXPECT_EQ(table.size(), 2u);
}

TEST(ConnectionTableTest, AnAddressAtItsLimitLeavesOtherAddressesTheirPlaces) {
  ConnectionTable table(Limits(10, 2, 10));
  for (int port : {1, 2}) {
    ASSERT_TRUE(table.Admit(Peer("a", port), UniqueFd()).admitted);
    ASSERT_TRUE(table.Called(Peer("a", port).connection, &kAlice, 0).ok());
  }
  EXPECT_FALSE(table.Admit(Peer("a", 3), UniqueFd()).admitted) << "callers are not put out";
  EXPECT_TRUE(table.Admit(Peer("b", 1), UniqueFd()).admitted);
}

TEST(ConnectionTableTest, AFullHouseTakesFromTheAddressWithTheMostSilentConnections) {
  ConnectionTable table(Limits(4, 3, 10));
  ASSERT_TRUE(table.Admit(Peer("b", 1), UniqueFd()).admitted);
  for (int port : {1, 2, 3}) ASSERT_TRUE(table.Admit(Peer("a", port), UniqueFd()).admitted);
  EXPECT_TRUE(table.Admit(Peer("c", 1), UniqueFd()).another_ended);
  EXPECT_TRUE(table.Admit(Peer("a", 4), UniqueFd()).another_ended) << "one of a is gone";
  ASSERT_TRUE(table.Called(Peer("b", 1).connection, &kBob, 0).ok());
  EXPECT_EQ(table.size(), 4u);
}

TEST(ConnectionTableTest, AnIdentityAtItsLimitIsToldAndLosesTheNewConnection) {
  ConnectionTable table(Limits(10, 10, 2));
  std::vector<Pair> pairs;
  for (int port = 1; port <= 4; ++port) {
    pairs.push_back(MakePair());
    ASSERT_TRUE(table.Admit(Peer("a", port), pairs.back().Second()).admitted);
  }
  EXPECT_TRUE(table.Called("a:1", &kAlice, 0).ok());
  EXPECT_TRUE(table.Called("a:2", &kAlice, 0).ok());
  EXPECT_EQ(DetailOf(table.Called("a:3", &kAlice, 0)).hresult, Hresult::kOutOfMemory);
  EXPECT_EQ(DetailOf(table.Called("a:3", &kAlice, 0)).hresult, Hresult::kOutOfMemory);
  EXPECT_TRUE(table.Called("a:4", &kBob, 0).ok()) << "another does not notice";
  EXPECT_TRUE(tests::WaitFor([&] {
    table.EndUnfinished();
    return pairs[2].Ended();
  }));
  EXPECT_FALSE(pairs[0].Ended() || pairs[1].Ended() || pairs[3].Ended());
}

TEST(ConnectionTableTest, OfTwoConnectionsOfOneNameTheFirstEnds) {
  ConnectionTable table(Limits(10, 10, 10));
  const Pair first = MakePair();
  const Pair second = MakePair();
  ASSERT_TRUE(table.Admit(Peer("a", 1), first.Second()).admitted);
  ASSERT_TRUE(table.Admit(Peer("a", 1), second.Second()).admitted) << "to another address of ours";
  EXPECT_TRUE(first.Ended()) << "nobody counts it any more";
  EXPECT_FALSE(second.Ended());
  EXPECT_EQ(table.size(), 1u);
}

TEST(ConnectionTableTest, AClosedConnectionGivesItsPlaceBack) {
  ConnectionTable table(Limits(1, 1, 1));
  const auto first = table.Admit(Peer("a", 1), UniqueFd());
  ASSERT_TRUE(table.Called("a:1", &kAlice, 0).ok());
  table.Closed(first.number);
  table.Closed(first.number);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_TRUE(table.Admit(Peer("a", 1), UniqueFd()).admitted);
  EXPECT_TRUE(table.Called("a:1", &kAlice, 0).ok());
}

/// Two callers, each with a connection.
class UnfinishedTest : public testing::Test {
 protected:
  UnfinishedTest() {
    limits_.unfinished_per_caller = 20'000;
    table_.emplace(limits_);
    EXPECT_TRUE(table_->Admit(Peer("a", 1), alice_.Second()).admitted);
    EXPECT_TRUE(table_->Admit(Peer("a", 2), bob_.Second()).admitted);
    EXPECT_TRUE(table_->Called("a:1", &kAlice, 0).ok());
    EXPECT_TRUE(table_->Called("a:2", &kBob, 0).ok());
  }
  static void Send(const Pair& pair, size_t bytes) {
    const std::string text(bytes, 'x');
    ASSERT_EQ(send(pair.far.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes));
  }
  bool EndsSoon(const Pair& pair) {
    for (int i = 0; i < 50; ++i) {
      table_->EndUnfinished();
      if (pair.Ended()) return true;
    }
    return false;
  }

  DoorLimits limits_;
  std::optional<ConnectionTable> table_;
  const Pair alice_ = MakePair();
  const Pair bob_ = MakePair();
};

TEST_F(UnfinishedTest, RequestsThatNeverEndEndTheirOwnCallersConnection) {
  Send(alice_, 50'000);
  Send(bob_, 10'000);
  EXPECT_TRUE(tests::WaitFor([&] {
    table_->EndUnfinished();
    return alice_.Ended();
  }));
  EXPECT_FALSE(bob_.Ended());
}

TEST_F(UnfinishedTest, RequestsThatCallsHaveTakenDoNotCount) {
  for (int i = 0; i < 20; ++i) {
    Send(alice_, 10'000);
    std::string read(10'000, '\0');  // As gRPC does, before there is a call.
    ASSERT_EQ(recv(alice_.near.get(), read.data(), read.size(), MSG_WAITALL), 10'000);
    ASSERT_TRUE(table_->Called("a:1", &kAlice, 10'000).ok());
    table_->EndUnfinished();
  }
  EXPECT_FALSE(EndsSoon(alice_));
}

TEST_F(UnfinishedTest, WhatCallsTookIsNoCreditForLater) {
  ASSERT_TRUE(table_->Called("a:1", &kAlice, 1'000'000).ok());
  table_->EndUnfinished();
  Send(alice_, 50'000);
  EXPECT_TRUE(tests::WaitFor([&] {
    table_->EndUnfinished();
    return alice_.Ended();
  }));
}

}  // namespace
}  // namespace bitsd::rpc
