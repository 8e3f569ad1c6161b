// The disk pool: strands are in order, run in parallel, and share a bounded number of threads.

#include "server/base/disk_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <vector>

namespace bitsd {
namespace {

constexpr std::chrono::seconds kDeadline{20};

/// Keeps a strand busy until it is released or destroyed.
class Blocker {
 public:
  explicit Blocker(Strand& strand) {
    strand.Post([this] {
      running_.set_value();
      release_.get_future().wait();
    });
  }
  std::future<void> Running() { return running_.get_future(); }
  void Release() { release_.set_value(); }

 private:
  std::promise<void> running_;
  std::promise<void> release_;
};

bool Happens(std::future<void> future) {
  return future.wait_for(kDeadline) == std::future_status::ready;
}

TEST(DiskPoolTest, AThreadThatHangsIsReplaced) {
  DiskPool pool(1);
  const auto hanging = pool.NewStrand();
  Blocker blocker(*hanging);
  blocker.Running().wait();
  std::promise<void> ran;
  const auto other = pool.NewStrand();
  other->Post([&] { ran.set_value(); });
  auto future = ran.get_future();
  EXPECT_EQ(future.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  pool.OneHangs(*hanging);
  EXPECT_EQ(future.wait_for(kDeadline), std::future_status::ready);
  pool.OneIsBack(*hanging);
  blocker.Release();
}

TEST(DiskPoolTest, TasksOfOneStrandRunInOrderAndOneAtATime) {
  std::vector<int> order;
  std::atomic<int> at_once{0};
  std::atomic<bool> overlapped{false};
  {
    DiskPool pool(8);
    const auto strand = pool.NewStrand();
    for (int i = 0; i < 5000; ++i) {
      strand->Post([&, i] {
        if (++at_once > 1) overlapped = true;
        order.push_back(i);
        --at_once;
      });
    }
  }
  EXPECT_FALSE(overlapped);
  ASSERT_EQ(order.size(), 5000u);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(order[i], i);
}

TEST(DiskPoolTest, StrandsFilledByManyThreadsLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 1000;
  std::vector<int> counts(kThreads, 0);
  {
    DiskPool pool(3);
    std::vector<std::shared_ptr<Strand>> strands;
    for (int i = 0; i < kThreads; ++i) strands.push_back(pool.NewStrand());
    std::vector<std::thread> posters;
    for (int i = 0; i < kThreads; ++i) {
      posters.emplace_back([&] {
        for (int task = 0; task < kTasks; ++task) {
          const int target = task % kThreads;
          strands[target]->Post([&counts, target] { ++counts[target]; });
        }
      });
    }
    for (std::thread& poster : posters) poster.join();
  }
  EXPECT_EQ(counts, std::vector<int>(kThreads, kTasks));
}

TEST(DiskPoolTest, AHungStrandOccupiesOneThreadOnly) {
  DiskPool pool(2);
  const auto hung = pool.NewStrand();
  Blocker blocker(*hung);
  ASSERT_TRUE(Happens(blocker.Running()));
  for (int i = 0; i < 100; ++i) hung->Post([] {});
  std::promise<void> ran;
  pool.NewStrand()->Post([&ran] { ran.set_value(); });
  EXPECT_TRUE(Happens(ran.get_future()));
  blocker.Release();
}

TEST(DiskPoolTest, NoMoreThreadsThanTheMaximumWork) {
  constexpr size_t kMax = 3;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  {
    DiskPool pool(kMax);
    for (int i = 0; i < 200; ++i) {
      pool.NewStrand()->Post([&] {
        std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      });
    }
  }
  EXPECT_GE(threads.size(), 1u);
  EXPECT_LE(threads.size(), kMax);
}

TEST(DiskPoolTest, HungStrandsUpToTheMaximumLeaveRoomForOneMore) {
  DiskPool pool(4);
  std::vector<std::shared_ptr<Strand>> strands;
  std::vector<std::unique_ptr<Blocker>> blockers;
  for (int i = 0; i < 3; ++i) {
    strands.push_back(pool.NewStrand());
    blockers.push_back(std::make_unique<Blocker>(*strands.back()));
    ASSERT_TRUE(Happens(blockers.back()->Running()));
  }
  std::promise<void> ran;
  pool.NewStrand()->Post([&ran] { ran.set_value(); });
  EXPECT_TRUE(Happens(ran.get_future()));
  for (auto& blocker : blockers) blocker->Release();
}

TEST(DiskPoolTest, ABusyStrandDoesNotStarveAnother) {
  // The pool ends first, and with it the last task.
  std::atomic<bool> stop{false};
  std::shared_ptr<Strand> busy;
  std::function<void()> again = [&] {
    if (!stop) busy->Post(again);
  };
  DiskPool pool(1);
  busy = pool.NewStrand();
  busy->Post(again);
  std::promise<void> ran;
  pool.NewStrand()->Post([&] {
    stop = true;
    ran.set_value();
  });
  EXPECT_TRUE(Happens(ran.get_future()));
  stop = true;
}

TEST(DiskPoolTest, TheDestructorRunsWhatTasksPostToEachOther) {
  std::atomic<int> ran{0};
  {
    DiskPool pool(4);
    const auto a = pool.NewStrand();
    const auto b = pool.NewStrand();
    std::function<void(int)> bounce = [&](int left) {
      ++ran;
      if (left > 0) (left % 2 == 0 ? a : b)->Post([&bounce, left] { bounce(left - 1); });
    };
    a->Post([&] { bounce(100); });
    // `bounce` and the strands must outlive the tasks, so the end is awaited inside this scope.
    std::promise<void> end;
    std::function<void()> check = [&] {
      if (ran == 101) return end.set_value();
      a->Post(check);
    };
    a->Post(check);
    EXPECT_TRUE(Happens(end.get_future()));
  }
  EXPECT_EQ(ran, 101);
}

TEST(DiskPoolTest, WhatHangsForOneOwnerLeavesTheOthersTheirThreads) {
  // The pool ends first, and with it the last task.
  std::vector<std::shared_ptr<Strand>> strands;
  std::vector<std::unique_ptr<Blocker>> blockers;
  DiskPool pool(8);
  for (int i = 0; i < 40; ++i) {
    strands.push_back(pool.NewStrand("alice"));
    blockers.push_back(std::make_unique<Blocker>(*strands.back()));
  }
  ASSERT_TRUE(Happens(blockers[1]->Running()));
  for (const char* owner : {"bob", ""}) {
    std::promise<void> ran;
    pool.NewStrand(owner)->Post([&ran] { ran.set_value(); });
    EXPECT_TRUE(Happens(ran.get_future())) << owner;
  }
  for (auto& blocker : blockers) blocker->Release();
}

TEST(DiskPoolTest, AStrandThatIsKnownToHangCountsNoMoreAgainstItsOwner) {
  DiskPool pool(8);
  std::vector<std::shared_ptr<Strand>> hung;
  std::vector<std::unique_ptr<Blocker>> blockers;
  for (int i = 0; i < 2; ++i) {
    hung.push_back(pool.NewStrand("alice"));
    blockers.push_back(std::make_unique<Blocker>(*hung.back()));
    ASSERT_TRUE(Happens(blockers.back()->Running()));
  }
  std::promise<void> ran;
  auto future = ran.get_future();
  pool.NewStrand("alice")->Post([&ran] { ran.set_value(); });
  EXPECT_EQ(future.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  pool.OneHangs(*hung.front());
  EXPECT_TRUE(Happens(std::move(future)));
  pool.OneIsBack(*hung.front());
  for (auto& blocker : blockers) blocker->Release();
}

TEST(DiskPoolTest, StrandsThatWaitForTheirOwnersShareAllRunInTheEnd) {
  std::atomic<int> ran{0};
  {
    DiskPool pool(3);
    for (int i = 0; i < 500; ++i) {
      pool.NewStrand(i % 2 == 0 ? "alice" : "bob")->Post([&ran] { ++ran; });
    }
  }
  EXPECT_EQ(ran, 500);
}

}  // namespace
}  // namespace bitsd
