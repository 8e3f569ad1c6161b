// Which commits share a transaction.

#include "server/store/commit_queue.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

bool Push(CommitQueue& queue) {
  CommitQueue::Entry entry;
  return queue.Push(entry);
}

TEST(CommitQueueTest, WhatWaitsIsTakenTogetherAndInOrder) {
  CommitQueue queue;
  for (int i = 0; i < 3; ++i) {
    CommitQueue::Entry entry;
    entry.changes.resize(static_cast<size_t>(i));
    ASSERT_TRUE(queue.Push(entry));
  }
  const auto taken = queue.Take();
  ASSERT_EQ(taken.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(taken[i].changes.size(), i);
}

TEST(CommitQueueTest, WhileManyCommitAtOnceTheOthersAreWaitedFor) {
  CommitQueue queue;
  Push(queue);
  Push(queue);
  EXPECT_EQ(queue.Take().size(), 2u);
  // A steady stream, of which a taker that does not wait gets one by one.
  constexpr size_t kCommits = 2000;
  std::jthread stream([&] {
    for (size_t i = 0; i < kCommits; ++i) {
      Push(queue);
      const auto next = std::chrono::steady_clock::now() + std::chrono::microseconds(10);
      while (std::chrono::steady_clock::now() < next) {
      }
    }
  });
  size_t taken = 0;
  size_t takes = 0;
  for (; taken < kCommits; ++takes) taken += queue.Take().size();
  EXPECT_LT(takes, kCommits / 4);
}

TEST(CommitQueueTest, WhoCommitsAloneIsNotMadeToWaitForOthers) {
  CommitQueue queue;
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 50; ++i) {
      Push(queue);
      EXPECT_EQ(queue.Take().size(), 1u);
    }
    fastest = std::min(fastest, std::chrono::steady_clock::now() - begin);
  }
  // One who waits for others waits 100 us each time.
  EXPECT_LT(fastest, std::chrono::microseconds(50 * 100));
}

TEST(CommitQueueTest, AClosedQueueTakesNothingMoreAndGivesWhatIsLeft) {
  CommitQueue queue;
  ASSERT_TRUE(Push(queue));
  queue.Close();
  EXPECT_FALSE(Push(queue));
  EXPECT_EQ(queue.Take().size(), 1u);
  EXPECT_TRUE(queue.Take().empty());
}

TEST(CommitQueueTest, ATakerThatWaitsIsWokenByACommitAndByTheEnd) {
  CommitQueue queue;
  std::atomic<size_t> taken = 0;
  std::jthread taker([&] {
    for (auto entries = queue.Take(); !entries.empty(); entries = queue.Take()) {
      taken += entries.size();
    }
  });
  for (size_t i = 1; i <= 100; ++i) {
    Push(queue);
    while (taken < i) std::this_thread::yield();
  }
  queue.Close();
}

TEST(SqliteStoreTest, OneCommitThatCannotBeWrittenDoesNotFailTheOthers) {
  DurableStore store;
  {
    auto behind = sqlite::Connection::Open(store.file());
    ASSERT_TRUE(behind
                    ->Execute("CREATE TRIGGER refuse BEFORE INSERT ON jobs "
                              "WHEN NEW.display_name = 'bad' "
                              "BEGIN SELECT RAISE(ABORT, 'refused'); END")
                    .ok());
  }
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  for (int i = 0; i < 60; ++i) {
    auto job = NewJobRecord(1);
    if (i % 20 == 7) job->display_name = "bad";
    store->Commit({Put(std::move(job))},
                  [&](const absl::Status& status) { ++(status.ok() ? good : bad); });
  }
  store->Stop();
  EXPECT_EQ(good, 57);
  EXPECT_EQ(bad, 3);
}

}  // namespace
}  // namespace bitsd
