// The library's parts that need no service: scopes, the pool of connections, a feed's ledger.

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "bitsd/client/impersonation.h"
#include "client/base/backoff.h"
#include "client/connection/connection_pool.h"
#include "client/feed/feed_ledger.h"
#include "client/identity/caller.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- scopes ----

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

static_assert(!std::is_copy_constructible_v<ScopedImpersonation>);
static_assert(!std::is_move_constructible_v<ScopedImpersonation>);

// ---- connections ----

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

// ---- what the library brings into a program ----

// Protobuf ends a program that has two definitions of one message, and many have google.rpc.
TEST(LibraryTest, ItDefinesNoMessageOfGoogleRpc) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  EXPECT_NE(pool->FindMessageTypeByName("bits.v1.Job"), nullptr);
  EXPECT_EQ(pool->FindMessageTypeByName("google.rpc.Status"), nullptr);
  EXPECT_EQ(pool->FindMessageTypeByName("google.rpc.ErrorInfo"), nullptr);
}

// ---- a feed's ledger ----

v1::Job JobAt(const std::string& id, uint64_t revision, uint64_t bytes = 0) {
  v1::Job job;
  job.set_id(id);
  job.set_revision(revision);
  job.set_state(v1::JOB_STATE_TRANSFERRING);
  job.mutable_progress()->set_bytes_transferred(bytes);
  return job;
}

TEST(FeedLedgerTest, OnlyNewsAreDelivered) {
  FeedLedger ledger;
  ledger.BeginSnapshot();
  EXPECT_TRUE(ledger.Take(JobAt("a", 5)));
  EXPECT_FALSE(ledger.Take(JobAt("a", 5))) << "the same";
  EXPECT_FALSE(ledger.Take(JobAt("a", 4, 99))) << "older";
  EXPECT_TRUE(ledger.Take(JobAt("a", 5, 1))) << "progress";
  EXPECT_TRUE(ledger.Take(JobAt("a", 6, 1)));
}

TEST(FeedLedgerTest, ANewSnapshotShowsWhatIsMissing) {
  FeedLedger ledger;
  ledger.BeginSnapshot();
  for (const char* id : {"a", "b", "c", "d"}) ledger.Take(JobAt(id, 1));
  v1::Job cancelled = JobAt("d", 2);
  cancelled.set_state(v1::JOB_STATE_CANCELLED);
  EXPECT_TRUE(ledger.Take(cancelled));
  EXPECT_THAT(ledger.Missing(), IsEmpty());
  ledger.BeginSnapshot();
  EXPECT_FALSE(ledger.Take(JobAt("b", 1))) << "unchanged, but there";
  EXPECT_THAT(ledger.Missing(), ElementsAre("a", "c"));
  EXPECT_TRUE(ledger.Forget("a"));
  EXPECT_FALSE(ledger.Forget("a"));
  EXPECT_THAT(ledger.Missing(), ElementsAre("c"));
  EXPECT_FALSE(ledger.Take(cancelled)) << "a finished job is not told again";
}

TEST(FeedLedgerTest, FinishedJobsAreForgottenInTheEnd) {
  FeedLedger ledger;
  v1::Job job = JobAt("first", 1);
  job.set_state(v1::JOB_STATE_ACKNOWLEDGED);
  ledger.Take(job);
  for (size_t i = 0; i < FeedLedger::kMaxFinished; ++i) {
    EXPECT_TRUE(ledger.IsFinished("first"));
    job.set_id(std::to_string(i));
    ledger.Take(job);
  }
  EXPECT_FALSE(ledger.IsFinished("first"));
}

TEST(PausesTest, TheyGrowToTheLongestAndStartAnew) {
  Pauses pauses(milliseconds(100), milliseconds(350));
  for (const int longest : {100, 200, 350, 350}) {
    const milliseconds pause = pauses.Next();
    EXPECT_LE(pause, milliseconds(longest));
    EXPECT_GE(pause, milliseconds(longest / 2));
  }
  pauses.Reset();
  EXPECT_LE(pauses.Next(), milliseconds(100));
}

}  // namespace
}  // namespace bits
