// The resolver's places: few for each owner, taken until a look-up has ended.

#include "server/transfer/http/resolver.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/transfer/http/name_cache.h"
#include "tests/testing/wait.h"

namespace bitsd {
namespace {

using ::testing::ElementsAre;

Sid Owner(uint32_t number) { return Sid(5, {21, 1, 2, 3, number}); }

/// A name server that answers "hangs..." only when it is let go.
class NameServer {
 public:
  std::function<absl::StatusOr<Addresses>(const std::string&)> Answers() {
    return [this](const std::string& name) -> absl::StatusOr<Addresses> {
      std::unique_lock lock(mutex_);
      ++asked_[name];
      ++busy_;
      most_busy_ = std::max(most_busy_, busy_);
      changed_.wait(lock, [&] { return let_go_ || name.find("hangs") == std::string::npos; });
      --busy_;
      if (name == "unknown") return absl::UnavailableError("no such name");
      return Addresses{"192.0.2.1"};
    };
  }
  void LetGo() {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
  }
  int asked(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return asked_[name];
  }
  int busy() {
    const std::lock_guard lock(mutex_);
    return busy_;
  }
  int most_busy() {
    const std::lock_guard lock(mutex_);
    return most_busy_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool let_go_ = false;
  std::map<std::string, int> asked_;
  int busy_ = 0;
  int most_busy_ = 0;
};

class ResolverTest : public ::testing::Test {
 protected:
  ~ResolverTest() override {
    server_.LetGo();
    EXPECT_TRUE(tests::WaitFor([&] { return resolver_.places() == 0; }));
  }

  uint64_t Ask(uint32_t owner, const std::string& name) {
    return resolver_.Ask(Owner(owner), name, [this](const absl::StatusOr<Addresses>& addresses) {
      const std::lock_guard lock(mutex_);
      if (addresses.ok()) ++answers_;
      if (!addresses.ok()) ++errors_;
    });
  }
  bool Answered(int count) {
    return tests::WaitFor([&] {
      const std::lock_guard lock(mutex_);
      return answers_ == count;
    });
  }
  bool Busy(int count) {
    return tests::WaitFor([&] { return server_.busy() == count; });
  }

  NameServer server_;
  std::mutex mutex_;
  int answers_ = 0;
  int errors_ = 0;
  Resolver resolver_{{3, 5}, server_.Answers()};
};

TEST_F(ResolverTest, AnswersAndErrorsComeBack) {
  Ask(1, "a");
  Ask(1, "unknown");
  EXPECT_TRUE(Answered(1));
  EXPECT_TRUE(tests::WaitFor([&] {
    const std::lock_guard lock(mutex_);
    return errors_ == 1;
  }));
}

TEST_F(ResolverTest, WhoseNamesHangFillsItsOwnPlacesAndNobodyElses) {
  for (int i = 0; i < 20; ++i) Ask(1, "hangs");
  ASSERT_TRUE(Busy(3));
  EXPECT_EQ(resolver_.places(), 3u);
  Ask(2, "b");
  EXPECT_TRUE(Answered(1));
  server_.LetGo();
  EXPECT_TRUE(Answered(21));
  EXPECT_LE(server_.most_busy(), 4);
}

TEST_F(ResolverTest, AGivenUpLookUpKeepsItsPlaceUntilItHasEnded) {
  for (int i = 0; i < 100; ++i) resolver_.GiveUp(Ask(1, "hangs"));
  ASSERT_TRUE(Busy(3));
  EXPECT_EQ(resolver_.places(), 3u);
  EXPECT_EQ(server_.asked("hangs"), 3);
  const uint64_t waiting = Ask(1, "in line");
  EXPECT_TRUE(resolver_.GiveUp(waiting)) << "it was in line";
  EXPECT_FALSE(resolver_.GiveUp(waiting));
  server_.LetGo();
  EXPECT_TRUE(tests::WaitFor([&] { return resolver_.places() == 0; }));
  EXPECT_EQ(server_.asked("in line"), 0);
}

TEST_F(ResolverTest, ThereIsATotalAndOwnersTakeTurns) {
  for (uint32_t owner = 1; owner <= 4; ++owner) {
    for (int i = 0; i < 4; ++i) Ask(owner, "hangs");
  }
  ASSERT_TRUE(Busy(5));
  EXPECT_EQ(resolver_.places(), 5u);
  server_.LetGo();
  EXPECT_TRUE(Answered(16));
  EXPECT_LE(server_.most_busy(), 5);
}

TEST(ResolverEndTest, ItEndsWhileALookUpHangs) {
  NameServer server;
  auto answered = std::make_shared<std::atomic<bool>>(false);
  {
    Resolver resolver({3, 5}, server.Answers());
    resolver.Ask(Owner(1), "hangs", [answered](const auto&) { *answered = true; });
    ASSERT_TRUE(tests::WaitFor([&] { return server.busy() == 1; }));
  }
  server.LetGo();
  EXPECT_TRUE(tests::WaitFor([&] { return answered->load(); }));
}

TEST(LookUpTest, TheSystemIsAsked) {
  const auto address = LookUp("192.0.2.7");
  ASSERT_TRUE(address.ok());
  EXPECT_THAT(*address, ElementsAre("192.0.2.7"));
  EXPECT_FALSE(LookUp("").ok());
}

TEST(NameCacheTest, NamesAreKeptForAWhileAndNotWithoutBound) {
  NameCache cache;
  const NameCache::Time now{};
  cache.Remember("a", {"192.0.2.1"}, now);
  ASSERT_NE(cache.Find("a", now + NameCache::kKeep), nullptr);
  EXPECT_EQ(cache.Find("a", now + NameCache::kKeep + std::chrono::seconds(1)), nullptr);
  EXPECT_EQ(cache.Find("b", now), nullptr);
  for (size_t i = 0; i < NameCache::kMaxNames; ++i) cache.Remember(std::to_string(i), {}, now);
  EXPECT_EQ(cache.Find("a", now), nullptr);
}

}  // namespace
}  // namespace bitsd
