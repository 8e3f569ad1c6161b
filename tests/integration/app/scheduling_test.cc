// Many jobs at once through the real bitsd: who runs, who waits, and that parked jobs end whole.

#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"
#include "tests/testing/servers/misbehaving_server.h"

namespace bitsd::tests {
namespace {

using bits::v1::Job;
using bits::v1::JOB_PRIORITY_FOREGROUND;
using bits::v1::JOB_PRIORITY_HIGH;
using bits::v1::JOB_PRIORITY_LOW;
using bits::v1::JOB_PRIORITY_NORMAL;
using bits::v1::JOB_STATE_QUEUED;
using bits::v1::JOB_STATE_TRANSFERRED;
using bits::v1::JobPriority;

class SchedulingTest : public BitsdTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.config = "scheduler: {time_slice: 500ms, lend_after: 300ms}";
    options.allowed_addresses = {"127.0.0.1:" + std::to_string(odd_.port())};
    return options;
  }

  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    fetcher_ = As("fetcher");
    folder_ = FolderOf("fetcher");
  }

  /// A job with one file of the web server, at work; its id.
  std::string Start(std::string_view file, JobPriority priority) {
    const std::string id = CreateJob(*fetcher_, priority);
    EXPECT_EQ(ErrorText(AddFile(*fetcher_, id, file, PathOf(id))), "OK");
    EXPECT_TRUE(fetcher_->Resume(id).ok());
    return id;
  }
  /// The same, from the odd server.
  std::string StartOdd(const std::string& path, JobPriority priority) {
    bits::v1::AddFileSetRequest request;
    request.set_job_id(CreateJob(*fetcher_, priority));
    bits::v1::FileInfo* file = request.add_files();
    file->set_remote_name(odd_.Url(path));
    file->set_local_name(PathOf(request.job_id()));
    EXPECT_EQ(ErrorText(fetcher_->AddFileSet(request).status()), "OK");
    EXPECT_TRUE(fetcher_->Resume(request.job_id()).ok());
    return request.job_id();
  }

  std::string PathOf(const std::string& id) const { return folder_ + "/" + id; }
  Job Look(const std::string& id) { return *fetcher_->GetJob(id); }
  bool Runs(const std::string& id) {
    const auto state = Look(id).state();
    return state == bits::v1::JOB_STATE_CONNECTING || state == bits::v1::JOB_STATE_TRANSFERRING;
  }
  bool IsParked(const std::string& id) {
    const Job job = Look(id);
    return job.state() == JOB_STATE_QUEUED && job.waiting_for() == bits::v1::WAITING_FOR_SLOT;
  }
  bool HasBytes(const std::string& id) { return Look(id).progress().bytes_transferred() > 0; }

  /// Waits for the end and completes: every byte is there, and no interruption was an error.
  void ExpectWhole(const std::string& id, const std::string& content) {
    const Job job = WaitForState(*fetcher_, id, JOB_STATE_TRANSFERRED);
    EXPECT_EQ(job.error_count(), 0u);
    ASSERT_TRUE(fetcher_->Complete(id).ok());
    EXPECT_EQ(ReadFile(PathOf(id)), content);
  }

  MisbehavingServer odd_;
  std::optional<bits::Client> fetcher_;
  std::string folder_;
};

TEST_F(SchedulingTest, ForegroundJobsRunAtOnceBesideOneBackgroundJob) {
  web().PutRandom("big", 30'000'000);
  const std::string background = Start("slow/big", JOB_PRIORITY_NORMAL);
  const std::string lower = Start("slow/big", JOB_PRIORITY_LOW);
  std::vector<std::string> jobs = {background};
  for (int i = 0; i < 25; ++i) jobs.push_back(Start("slow/big", JOB_PRIORITY_FOREGROUND));
  EXPECT_TRUE(WaitFor([&] {
    return std::all_of(jobs.begin(), jobs.end(), [&](const auto& id) { return HasBytes(id); });
  }));
  for (const std::string& id : jobs) EXPECT_TRUE(Runs(id)) << Look(id).ShortDebugString();
  EXPECT_TRUE(IsParked(lower)) << Look(lower).ShortDebugString();
}

TEST_F(SchedulingTest, HighOvertakesLowInMidTransferAndLowEndsWhole) {
  const std::string low_content = web().PutRandom("low", 4'000'000);
  const std::string high_content = web().PutRandom("high", 1'500'000);
  const std::string low = Start("slow/low", JOB_PRIORITY_LOW);
  ASSERT_TRUE(WaitFor([&] { return Look(low).progress().bytes_transferred() > 1'000'000; }));
  const std::string high = Start("slow/high", JOB_PRIORITY_HIGH);
  EXPECT_TRUE(WaitFor([&] { return IsParked(low) && Runs(high); }));
  EXPECT_GT(Look(low).progress().bytes_transferred(), 1'000'000u) << "what is there is kept";
  ExpectWhole(high, high_content);
  ExpectWhole(low, low_content);
  const auto requests = web().Requests();
  const auto resumed = std::count_if(requests.begin(), requests.end(), [](const Request& request) {
    return request.path == "/slow/low" && request.status == 206;
  });
  EXPECT_EQ(resumed, 1);
}

TEST_F(SchedulingTest, TwoEqualJobsTakeTurnsAndBothEndWhole) {
  const std::string content = web().PutRandom("file", 2'500'000);
  const std::string first = Start("slow/file", JOB_PRIORITY_NORMAL);
  const std::string second = Start("slow/file", JOB_PRIORITY_NORMAL);
  EXPECT_TRUE(WaitFor([&] { return HasBytes(first) && HasBytes(second); }));
  EXPECT_NE(Look(first).state(), JOB_STATE_TRANSFERRED);
  ExpectWhole(first, content);
  ExpectWhole(second, content);
  EXPECT_GE(web().Requests().size(), 4u) << "each was parked at least once";
}

TEST_F(SchedulingTest, APriorityTakesEffectInMidTransfer) {
  const std::string content = web().PutRandom("file", 3'000'000);
  const std::string first = Start("slow/file", JOB_PRIORITY_HIGH);
  const std::string second = Start("slow/file", JOB_PRIORITY_NORMAL);
  ASSERT_TRUE(WaitFor([&] { return HasBytes(first); }));
  EXPECT_TRUE(IsParked(second));
  const auto prioritise = [&](const std::string& id, JobPriority priority) {
    bits::v1::UpdateJobRequest request;
    request.mutable_job()->set_id(id);
    request.mutable_job()->set_priority(priority);
    request.mutable_update_mask()->add_paths("priority");
    EXPECT_TRUE(fetcher_->UpdateJob(request).ok());
  };
  prioritise(first, JOB_PRIORITY_FOREGROUND);
  EXPECT_TRUE(WaitFor([&] { return Runs(second) && Runs(first); }));
  prioritise(first, JOB_PRIORITY_LOW);
  EXPECT_TRUE(WaitFor([&] { return IsParked(first); }));
  ExpectWhole(second, content);
  ExpectWhole(first, content);
}

TEST_F(SchedulingTest, FiftyJobsOnAServerOfOneByteASecondDoNotHoldUpAFastOne) {
  const std::string content = web().PutRandom("fast", 3'000'000);
  std::vector<std::string> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(StartOdd("/crawl/1000", JOB_PRIORITY_NORMAL));
  const std::string fast = Start("fast", JOB_PRIORITY_NORMAL);
  const auto begin = std::chrono::steady_clock::now();
  ExpectWhole(fast, content);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_TRUE(WaitFor([&] {
    return std::all_of(slow.begin(), slow.end(), [&](const auto& id) { return HasBytes(id); });
  })) << "and the slow ones go on";
  for (const std::string& id : slow) EXPECT_EQ(Look(id).error_count(), 0u);
}

TEST_F(SchedulingTest, AParkedJobCanBeSuspendedResumedAndCancelled) {
  web().PutRandom("big", 30'000'000);
  const std::string high = Start("slow/big", JOB_PRIORITY_HIGH);
  const std::string low = Start("slow/big", JOB_PRIORITY_LOW);
  EXPECT_TRUE(WaitFor([&] { return IsParked(low); }));
  ASSERT_TRUE(fetcher_->Suspend(low).ok());
  EXPECT_EQ(Look(low).state(), bits::v1::JOB_STATE_SUSPENDED);
  ASSERT_TRUE(fetcher_->Resume(low).ok());
  EXPECT_TRUE(IsParked(low));
  ASSERT_TRUE(fetcher_->Cancel(high).ok());
  EXPECT_TRUE(WaitFor([&] { return HasBytes(low); }));
  ASSERT_TRUE(fetcher_->Cancel(low).ok());
}

}  // namespace
}  // namespace bitsd::tests
