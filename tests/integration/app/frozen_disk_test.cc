// A file system that hangs holds up the jobs that write to it, and nothing else.

#include "tests/testing/frozen_disk.h"

#include <thread>
#include <utility>

#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using bits::v1::JOB_STATE_TRANSFERRED;
using bits::v1::JOB_STATE_TRANSIENT_ERROR;

/// An answer that waited for a disk would take longer.
constexpr absl::Duration kPrompt = absl::Seconds(4);

class FrozenDiskTest : public BitsdTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.config = "timeouts: {broker: 6s}\n";
    return options;
  }

  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    if (!disk_.problem().empty()) GTEST_SKIP() << disk_.problem();
    alice_ = As("alice");
    bob_ = As("bob");
    GiveTo(disk_.path(), Demo("alice").uid, Demo("alice").uid);
    web().PutRandom("small", 100'000);
    content_ = web().PutRandom("big", 12'000'000);
  }

  /// A running job of `owner` that writes `files` to `folder`.
  std::string RunJob(const bits::Client& owner, const std::vector<std::string>& files,
                     const std::string& folder) {
    bits::v1::CreateJobRequest request;
    request.set_display_name("test");
    request.set_priority(bits::v1::JOB_PRIORITY_FOREGROUND);
    const auto job = owner.CreateJob(request);
    EXPECT_TRUE(job.ok()) << job.status();
    if (!job.ok()) return "";
    for (const std::string& file : files) {
      const std::string name =
          "/" + std::to_string(++files_) + "-" + file.substr(file.rfind('/') + 1);
      EXPECT_EQ(ErrorText(AddFile(owner, job->id(), file, folder + name)), "OK");
      last_file_ = folder + name;
    }
    EXPECT_EQ(ErrorText(owner.Resume(job->id()).status()), "OK");
    return job->id();
  }

  /// A job that hangs in the middle of the file last_file_.
  std::string FreezeUnderAJob() {
    std::string job = RunJob(*alice_, {"slow/big"}, disk_.path());
    EXPECT_TRUE(WaitFor([&] { return alice_->GetJob(job)->progress().bytes_transferred() > 0; }));
    EXPECT_TRUE(disk_.Freeze());
    // The server sends on: what is not written for a second waits for the disk.
    uint64_t bytes = 0;
    absl::Time since = absl::Now();
    EXPECT_TRUE(WaitFor([&] {
      const uint64_t now = alice_->GetJob(job)->progress().bytes_transferred();
      if (std::exchange(bytes, now) != now) since = absl::Now();
      return absl::Now() - since > absl::Seconds(1);
    }));
    return job;
  }

  void ExpectPromptAnswers(const bits::Client& caller, const std::string& job) {
    const absl::Time start = absl::Now();
    EXPECT_TRUE(caller.GetJob(job).ok());
    EXPECT_TRUE(caller.ListJobs({}).ok());
    CreateJob(caller);
    EXPECT_LT(absl::Now() - start, kPrompt);
  }

  FrozenDisk disk_;
  std::optional<bits::Client> alice_;
  std::optional<bits::Client> bob_;
  std::string content_;
  std::string last_file_;
  int files_ = 0;
};

TEST_F(FrozenDiskTest, AFrozenFileSystemHoldsUpTheJobsThatWriteToItOnly) {
  const std::string frozen = FreezeUnderAJob();
  const std::string path = last_file_;
  // This one hangs where its file is created: a worker of alice hangs with it.
  const std::string creating = RunJob(*alice_, {"small"}, disk_.path());
  std::vector<std::pair<const bits::Client*, std::string>> others;
  for (int i = 0; i < 10; ++i) {
    others.emplace_back(&*alice_, RunJob(*alice_, {"small", "small"}, FolderOf("alice")));
    others.emplace_back(&*bob_, RunJob(*bob_, {"small", "small"}, FolderOf("bob")));
  }
  ExpectPromptAnswers(*alice_, frozen);
  for (const auto& [owner, job] : others) {
    WaitForState(*owner, job, JOB_STATE_TRANSFERRED);
    EXPECT_EQ(ErrorText(owner->Complete(job).status()), "OK");
  }
  const bits::v1::Job refused = WaitForState(*alice_, creating, JOB_STATE_TRANSIENT_ERROR);
  EXPECT_EQ(refused.error().reason(), "BG_E_DESTINATION_LOCKED");
  // Its folder is known to hang: it does not cost another worker, nor another deadline.
  const absl::Time start = absl::Now();
  EXPECT_EQ(ErrorText(alice_->Resume(creating).status()), "OK");
  WaitForState(*alice_, creating, JOB_STATE_TRANSIENT_ERROR);
  EXPECT_LT(absl::Now() - start, kPrompt);
  ExpectPromptAnswers(*alice_, frozen);
  ASSERT_TRUE(disk_.Thaw());
  WaitForState(*alice_, frozen, JOB_STATE_TRANSFERRED);
  EXPECT_EQ(ErrorText(alice_->Complete(frozen).status()), "OK");
  EXPECT_EQ(ReadFile(path), content_);
  EXPECT_EQ(ErrorText(alice_->Resume(creating).status()), "OK");
  WaitForState(*alice_, creating, JOB_STATE_TRANSFERRED);
}

TEST_F(FrozenDiskTest, SuspendingAJobThatHangsWaitsAndNobodyElseDoes) {
  const std::string frozen = FreezeUnderAJob();
  std::thread suspending([&] { EXPECT_EQ(ErrorText(alice_->Suspend(frozen).status()), "OK"); });
  EXPECT_TRUE(
      WaitFor([&] { return alice_->GetJob(frozen)->state() == bits::v1::JOB_STATE_SUSPENDED; }));
  ExpectPromptAnswers(*alice_, frozen);
  ExpectPromptAnswers(*bob_, CreateJob(*bob_));
  const std::string other = RunJob(*alice_, {"small"}, FolderOf("alice"));
  WaitForState(*alice_, other, JOB_STATE_TRANSFERRED);
  EXPECT_TRUE(disk_.Thaw());
  suspending.join();
}

TEST_F(FrozenDiskTest, BitsdEndsWithStatusZeroAlthoughAFileSystemHangs) {
  FreezeUnderAJob();
  RunJob(*alice_, {"small"}, disk_.path());
  // Calls drain, transfers park, and then it does not wait any longer.
  EXPECT_EQ(bitsd().process().Stop(std::chrono::seconds(30)), 0) << bitsd().Log();
}

}  // namespace
}  // namespace bitsd::tests
