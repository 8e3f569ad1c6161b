// Restarts of the real bitsd on its durable store: what was acknowledged is there, and goes on.

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using bits::v1::Job;
using bits::v1::JOB_STATE_SUSPENDED;
using bits::v1::JOB_STATE_TRANSFERRED;
using bits::v1::WatchJobsResponse;
using testing::HasSubstr;
using testing::SizeIs;

class RestartTest : public BitsdTest {
 protected:
  void RestartAfterKill() {
    bitsd().Kill();
    const absl::Status status = bitsd().StartAgain();
    ASSERT_TRUE(status.ok()) << status;
  }
  void Restart() {
    ASSERT_TRUE(bitsd().Stop().ok());
    const absl::Status status = bitsd().StartAgain();
    ASSERT_TRUE(status.ok()) << status;
  }

  /// A job of fetcher with this file of the web server, at work.
  std::string Start(std::string_view file) {
    const bits::Client fetcher = As("fetcher");
    const std::string id = CreateJob(fetcher);
    EXPECT_EQ(ErrorText(AddFile(fetcher, id, file, PathOf(id))), "OK");
    EXPECT_TRUE(fetcher.Resume(id).ok());
    return id;
  }
  std::string PathOf(const std::string& id) { return FolderOf("fetcher") + "/" + id; }

  /// The temporary files in fetcher's folder.
  std::vector<std::string> TemporaryFiles() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(FolderOf("fetcher"))) {
      const std::string path = entry.path().string();
      if (path.find("/.BIT") != std::string::npos) found.push_back(path);
    }
    return found;
  }

  static struct stat StatOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info;
  }

  /// Changes the closed store behind its back.
  void Sql(const char* sql) {
    sqlite3* store = nullptr;
    ASSERT_EQ(sqlite3_open((bitsd().StateFolder() + "/bitsd.db").c_str(), &store), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(store, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(store);
  }

  void AwaitBytes(const std::string& id, uint64_t bytes) {
    const bits::Client fetcher = As("fetcher");
    ASSERT_TRUE(
        WaitFor([&] { return fetcher.GetJob(id)->progress().bytes_transferred() > bytes; }));
  }

  /// What a watch of fetcher tells, up to the end of its snapshot.
  std::vector<WatchJobsResponse> Read(const bits::v1::WatchJobsRequest& request) {
    bits::JobWatch watch = As("fetcher").WatchJobs(request);
    std::vector<WatchJobsResponse> told;
    while (told.empty() || told.back().kind() != WatchJobsResponse::KIND_SNAPSHOT_END) {
      auto event = watch.Next();
      if (!event.ok() || !event->has_value()) {
        ADD_FAILURE() << "the watch ended: " << event.status();
        return std::vector<WatchJobsResponse>(1);
      }
      told.push_back(**std::move(event));
    }
    return told;
  }

  void ExpectWhole(const std::string& id, const std::string& content) {
    const bits::Client fetcher = As("fetcher");
    EXPECT_EQ(WaitForState(fetcher, id, JOB_STATE_TRANSFERRED).error_count(), 0u);
    ASSERT_TRUE(fetcher.Complete(id).ok());
    EXPECT_EQ(ReadFile(PathOf(id)), content);
  }
};

TEST_F(RestartTest, WhatWasAcknowledgedIsThereAfterAKill) {
  const std::string id = CreateJob(As("fetcher"));
  ASSERT_TRUE(AddFile(As("fetcher"), id, "file", PathOf(id)).ok());
  ASSERT_TRUE(As("fetcher").SetHelperTokenFlags(HandleFor(As("fetcher"), id, "alice"), 3).ok());
  Job before = *As("fetcher").GetJob(id);
  RestartAfterKill();
  const Job after = *As("fetcher").GetJob(id);
  EXPECT_GE(after.revision(), before.revision());
  before.set_revision(after.revision());
  EXPECT_EQ(after.ShortDebugString(), before.ShortDebugString());
  EXPECT_EQ(after.helper_token_flags(), 3u);
  EXPECT_THAT(*As("fetcher").ListAllFiles(id), SizeIs(1));
}

TEST_F(RestartTest, ARestartEndsATokenAndIsNoDiscardOfIt) {
  const std::string id = CreateJob(As("fetcher"));
  const bits::Handle handle = HandleFor(As("fetcher"), id, "alice");
  ASSERT_TRUE(As("fetcher").SetHelperTokenFlags(handle, 1).ok());
  ASSERT_TRUE(AddFile(As("fetcher"), id, "file", FolderOf("alice") + "/file").ok());
  ASSERT_TRUE(As("alice").SetHelperToken(handle, Demo("alice").sid).ok());
  Restart();
  const Job job = *As("fetcher").GetJob(id);
  EXPECT_EQ(job.state(), JOB_STATE_SUSPENDED) << job.ShortDebugString();
  EXPECT_FALSE(job.has_helper_token_sid());
  ASSERT_TRUE(As("fetcher").Resume(id).ok());
  WaitForState(As("fetcher"), id, bits::v1::JOB_STATE_ERROR);
  EXPECT_EQ(As("fetcher").GetJob(id)->error().hresult(), 0x80200056u);
}

TEST_F(RestartTest, ATransferThatWasParkedGoesOnWithARange) {
  const std::string content = web().PutRandom("file", 8 << 20);
  const std::string id = Start("slow/file");
  AwaitBytes(id, 1 << 20);
  Restart();
  ExpectWhole(id, content);
  const auto requests = web().Requests();
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests.back().status, 206);
  EXPECT_THAT(requests.back().range, HasSubstr("bytes="));
}

TEST_F(RestartTest, AFileIsWholeAfterAKillInItsMiddle) {
  const std::string content = web().PutRandom("file", 4 << 20);
  const std::string id = Start("slow/file");
  AwaitBytes(id, 1 << 20);
  RestartAfterKill();
  ExpectWhole(id, content);
}

TEST_F(RestartTest, WhatAKillLeftInAFolderThatIsClosedSinceIsNamedByTheJob) {
  const bits::Client fetcher = As("fetcher");
  web().PutRandom("file", 1 << 20);
  const std::string id = CreateJob(fetcher);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(ErrorText(AddFile(fetcher, id, "slow/file", PathOf(std::to_string(i)))), "OK");
  }
  ASSERT_TRUE(fetcher.Resume(id).ok());
  ASSERT_TRUE(WaitFor([&] { return TemporaryFiles().size() > 1; }));
  bitsd().Kill();
  ASSERT_EQ(::chmod(FolderOf("fetcher").c_str(), 0555), 0);
  ASSERT_TRUE(bitsd().StartAgain().ok());
  const Job failed = WaitForState(As("fetcher"), id, bits::v1::JOB_STATE_ERROR);
  EXPECT_EQ(failed.error().rule(), "not_permitted");
  const auto cancelled = As("fetcher").Cancel(id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->hresult(), 0x0020001Au);
  EXPECT_THAT(cancelled->job().undeleted_files(),
              testing::UnorderedElementsAreArray(TemporaryFiles()));
}

TEST_F(RestartTest, ARepeatedRequestGetsItsFirstAnswerAfterAKill) {
  bits::v1::CreateJobRequest request;
  request.set_display_name("once");
  request.set_request_id("7a0d3c1e-0000-4000-8000-000000000001");
  const std::string id = As("fetcher").CreateJob(request)->id();
  RestartAfterKill();
  EXPECT_EQ(As("fetcher").CreateJob(request)->id(), id);
  EXPECT_THAT(*As("fetcher").ListAllJobs(false), SizeIs(1));
}

TEST_F(RestartTest, AKillInCompleteCostsNoSecondDownloadWhateverIsCalledNext) {
  const std::string content = web().PutRandom("file", 100'000);
  for (const bool resume : {false, true}) {
    const std::string id = Start("file");
    const bits::Client fetcher = As("fetcher");
    WaitForState(fetcher, id, JOB_STATE_TRANSFERRED);
    ASSERT_THAT(TemporaryFiles(), SizeIs(1));
    bitsd().Kill();
    // As a kill leaves it that comes after the rename and before the commit.
    std::filesystem::rename(TemporaryFiles().front(), PathOf(id));
    const struct stat before = StatOf(PathOf(id));
    ASSERT_TRUE(bitsd().StartAgain().ok());
    if (resume) {
      ASSERT_TRUE(As("fetcher").Resume(id).ok());
      EXPECT_EQ(As("fetcher").GetJob(id)->state(), JOB_STATE_TRANSFERRED);
    }
    const auto completed = As("fetcher").Complete(id);
    ASSERT_TRUE(completed.ok()) << completed.status();
    EXPECT_EQ(completed->hresult(), 0u);
    EXPECT_EQ(ReadFile(PathOf(id)), content);
    EXPECT_EQ(StatOf(PathOf(id)).st_ino, before.st_ino) << "it was downloaded again";
    EXPECT_THAT(TemporaryFiles(), SizeIs(0));
  }
}

TEST_F(RestartTest, AFinishedJobIsReadableAfterARestartAndNotListed) {
  const std::string id = CreateJob(As("fetcher"));
  ASSERT_TRUE(As("fetcher").Cancel(id).ok());
  RestartAfterKill();
  EXPECT_EQ(As("fetcher").GetJob(id)->state(), bits::v1::JOB_STATE_CANCELLED);
  EXPECT_THAT(*As("fetcher").ListAllJobs(false), SizeIs(0));
}

TEST_F(RestartTest, AWatchGoesOnFromItsTokenAndAfterARestartSaysThatItCannot) {
  const std::string same = CreateJob(As("fetcher"));
  const std::string changed = CreateJob(As("fetcher"));
  bits::v1::WatchJobsRequest request;
  request.set_resume_token(Read(request).back().resume_token());
  ASSERT_TRUE(As("fetcher").Cancel(changed).ok());
  std::vector<WatchJobsResponse> told = Read(request);
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].kind(), WatchJobsResponse::KIND_RESUMED);
  EXPECT_EQ(told[1].job().id(), changed);
  EXPECT_EQ(told[1].job().state(), bits::v1::JOB_STATE_CANCELLED);
  request.set_resume_token(told.back().resume_token());
  Restart();
  told = Read(request);
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].kind(), WatchJobsResponse::KIND_NOT_RESUMED);
  EXPECT_EQ(told[1].job().id(), same);
}

TEST_F(RestartTest, SigtermUnderLoadEndsInTimeAndLosesNothing) {
  web().PutRandom("file", 64 << 20);
  const std::string transfer = Start("slow/file");
  AwaitBytes(transfer, 0);
  // Whoever is told OK counts; whoever is told that bitsd stops may or may not be there.
  std::atomic<bool> over = false;
  std::vector<uint64_t> acknowledged(4);
  std::vector<std::string> jobs;
  for (size_t i = 0; i < acknowledged.size(); ++i) jobs.push_back(CreateJob(As("admin")));
  std::vector<std::jthread> callers;
  for (size_t i = 0; i < acknowledged.size(); ++i) {
    callers.emplace_back([&, i, client = As("admin")] {
      for (uint64_t count = 1; !over; ++count) {
        bits::v1::UpdateJobRequest request;
        request.mutable_job()->set_id(jobs[i]);
        request.mutable_job()->set_description(std::to_string(count));
        request.mutable_update_mask()->add_paths("description");
        if (!client.UpdateJob(request).ok()) return;
        acknowledged[i] = count;
      }
    });
  }
  AwaitBytes(transfer, 1 << 20);
  const auto begin = std::chrono::steady_clock::now();
  const absl::Status ended = bitsd().Stop();
  EXPECT_TRUE(ended.ok()) << ended;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  over = true;
  callers.clear();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  for (size_t i = 0; i < acknowledged.size(); ++i) {
    EXPECT_GT(acknowledged[i], 0u);
    const uint64_t found = std::stoull(As("admin").GetJob(jobs[i])->description());
    EXPECT_GE(found, acknowledged[i]);
    EXPECT_LE(found, acknowledged[i] + 1);
  }
  EXPECT_TRUE(As("fetcher").Cancel(transfer).ok());
}

TEST_F(RestartTest, ASecondBitsdOnTheStoreDoesNotStart) {
  const std::string id = CreateJob(As("fetcher"));
  const Finished second =
      tests::Run({BITSD_PROGRAM, "--config", bitsd().folder().File("etc/bitsd.yaml")},
                 bitsd().folder().path());
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.output, HasSubstr("another bitsd works with this store"));
  EXPECT_TRUE(As("fetcher").GetJob(id).ok()) << "the first is not disturbed";
}

TEST_F(RestartTest, AJobThatCannotBeReadIsSetAsideAndEverythingElseStarts) {
  const bits::Client fetcher = As("fetcher");
  const std::string damaged = CreateJob(fetcher);
  const std::string healthy = CreateJob(fetcher);
  ASSERT_TRUE(bitsd().Stop().ok());
  Sql("UPDATE jobs SET state = 9 WHERE creation = (SELECT min(creation) FROM jobs)");
  ASSERT_TRUE(bitsd().StartAgain().ok());

  EXPECT_TRUE(As("fetcher").GetJob(healthy).ok());
  const absl::Status told = As("fetcher").GetJob(damaged).status();
  EXPECT_EQ(bits::ErrorOf(told).rule, "job_set_aside") << told;
  EXPECT_EQ(bits::ErrorOf(As("admin").Cancel(damaged).status()).rule, "job_set_aside");
  EXPECT_EQ(ErrorText(As("alice").GetJob(damaged).status()), "BG_E_NOT_FOUND");
  EXPECT_EQ(As("admin").GetServerInfo()->set_aside(), 1u);
  EXPECT_EQ(As("alice").GetServerInfo()->set_aside(), 0u) << "a job of another";
  EXPECT_THAT(bitsd().AwaitAudit("row_set_aside", 1), SizeIs(1));
  EXPECT_THAT(bitsd().Log(), HasSubstr("column state is out of its bounds"));
  const Finished shown = tests::Run(
      {BITSD_PROGRAM, "--set-aside", "--config", bitsd().folder().File("etc/bitsd.yaml")},
      bitsd().folder().path());
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr(damaged));
  EXPECT_THAT(shown.output, HasSubstr("INSERT INTO jobs"));

  RestartAfterKill();
  EXPECT_EQ(bits::ErrorOf(As("fetcher").GetJob(damaged).status()).rule, "job_set_aside");
  EXPECT_THAT(bitsd().Audit("row_set_aside"), SizeIs(1)) << "told once";
}

TEST_F(RestartTest, AStoreThatCannotBeUsedStopsTheStartAndIsLeftAsItIs) {
  const std::string id = CreateJob(As("fetcher"));
  ASSERT_TRUE(bitsd().Stop().ok());
  const std::string file = bitsd().StateFolder() + "/bitsd.db";
  const std::string good = ReadFile(file);
  std::string newer = good;
  newer[63] = 99;  // The last byte of user_version in SQLite's header.
  std::string damaged = good;
  damaged.replace(4096, 4096, std::string(4096, '\x5a'));
  for (const auto& [content, words] :
       {std::pair(newer, "newer bitsd"), std::pair(damaged, "Restore a backup"),
        std::pair(std::string("no database"), "Restore a backup")}) {
    WriteFile(file, content, 0600);
    const absl::Status status = bitsd().StartAgain();
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_EQ(ReadFile(file), content);
  }
  WriteFile(file, good, 0400);
  EXPECT_THAT(std::string(bitsd().StartAgain().message()), HasSubstr("cannot be written"));
  WriteFile(file, good, 0600);
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_TRUE(As("fetcher").GetJob(id).ok());
}

TEST_F(RestartTest, NoJobReachesTheStore) {
  const bits::Client bitsd_user = As("fetcher");
  const std::string id = CreateJob(bitsd_user);
  const std::string text =
      ErrorText(AddFile(bitsd_user, id, "file", bitsd().StateFolder() + "/bitsd.db"));
  EXPECT_EQ(text, "E_ACCESSDENIED/path_protected");
}

}  // namespace
}  // namespace bitsd::tests
