// How jobs went, in the audit log.

#include "server/error/errors.h"
#include "server/job/outcome_log.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobOutcomeTest : public JobFixture {
 protected:
  void Fail(bool transient) {
    TransferFailure failure;
    failure.error.hresult = Hresult::kConnectFailure;
    failure.error.http_status = 404;
    failure.error.rule = "url_denied";
    failure.error.message = "said by http://user:password@server";
    failure.error.file_index = 0;
    failure.transient = transient;
    transfers_.last()->events->OnFailed(failure);
  }

  const Caller fetcher_ = As(kFetcher);
};

TEST_F(JobOutcomeTest, EachChangeToTransferredIsOneEvent) {
  const JobId id = Running(fetcher_);
  FinishDownload();
  ASSERT_TRUE(Eventually([&] { return audit_.Count("job_transferred") == 1; }));
  EXPECT_EQ(audit_.Values("job_transferred", "job"), std::vector{id.ToString()});
  EXPECT_EQ(audit_.Values("job_transferred", "owner_sid"), std::vector{kFetcher.ToString()});
  EXPECT_EQ(audit_.Values("job_transferred", "files"), std::vector<std::string>{"1"});
  ASSERT_TRUE(Resume(fetcher_, id).ok()) << "nothing changes";
  EXPECT_EQ(audit_.Count("job_transferred"), 1u);
}

TEST_F(JobOutcomeTest, EachChangeToAnErrorIsOneEventWithEverythingButSecrets) {
  const JobId id = Create(fetcher_);
  Reply<absl::StatusOr<JobView>> added;
  jobs().AddFiles(fetcher_, id, {{"http://192.0.2.1/f?token=secret", "/d/f"}}, "",
                  added.Callback());
  ASSERT_TRUE(added.Get().ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  Fail(false);
  ASSERT_TRUE(Eventually([&] { return audit_.Count("job_error") == 1; }));
  const auto one = [&](std::string_view field) {
    const auto values = audit_.Values("job_error", field);
    return values.size() == 1 ? values[0] : "";
  };
  EXPECT_EQ(one("error"), HresultName(static_cast<uint32_t>(Hresult::kConnectFailure)));
  EXPECT_EQ(one("hresult"), "0x8020002d");
  EXPECT_EQ(one("http_status"), "404");
  EXPECT_EQ(one("rule"), "url_denied");
  EXPECT_EQ(one("url"), "http://192.0.2.1/f");
  EXPECT_EQ(one("path"), "/d/f");
  EXPECT_TRUE(audit_.Values("job_error", "message").empty());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  Fail(true);
  ASSERT_TRUE(Eventually([&] { return audit_.Count("job_transient_error") == 1; }));
  EXPECT_EQ(audit_.Values("job_transient_error", "next_retry").size(), 1u);
  EXPECT_EQ(audit_.Count("job_error"), 1u);
}

TEST_F(JobOutcomeTest, AnErrorThatHoldsBeforeItIsStoredIsOneEvent) {
  const JobId id = Running(fetcher_);
  const std::string handle = Handle(fetcher_, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher_, handle, kTokenNetwork).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  store_.Fail(error::DiskFull("no room"));
  EXPECT_FALSE(ClearToken(As(kAlice), handle).Get().ok());
  EXPECT_EQ(View(fetcher_, id).state, JobState::kError);
  store_.Fail(absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return memory_.Find(id)->state == JobState::kError; }));
  EXPECT_EQ(audit_.Count("job_error"), 1u);
}

TEST_F(JobOutcomeTest, UserAndPasswordOfAUrlAreNotWritten) {
  OutcomeLog log(audit_, clock_);
  JobRecord job;
  job.state = JobState::kError;
  FileRecord file;
  file.remote_name = "https://user:pass@host/a@b?q=1#f";
  job.files = std::make_shared<const FileRecords>(std::vector{file});
  JobError error;
  error.file_index = 0;
  job.error = error;
  log.Add(job);
  EXPECT_EQ(audit_.Values("job_error", "url"), std::vector<std::string>{"https://host/a@b"});
}

TEST_F(JobOutcomeTest, OneOwnersFloodIsBoundedAndHidesNobodyElse) {
  OutcomeLog log(audit_, clock_);
  JobRecord job;
  job.state = JobState::kTransferred;
  job.owner = kMallory;
  for (int i = 0; i < 10 * OutcomeLog::kBurst; ++i) log.Add(job);
  EXPECT_LE(audit_.Count("job_transferred"), size_t{2} * OutcomeLog::kBurst);
  const size_t before = audit_.Count("job_transferred");
  job.owner = kFetcher;
  log.Add(job);
  EXPECT_EQ(audit_.Count("job_transferred"), before + 1);
  job.owner = kMallory;
  clock_.Set(OutcomeLog::kRefill * 2);
  log.Add(job);
  EXPECT_EQ(audit_.Values("job_transferred", "left_out").size(), 1u);
}

/// Counts what is still to come.
class CountingTimer : public Timer {
 public:
  using Timer::Timer;
  void Cancel(const Task& task) override {
    ++cancelled;
    Timer::Cancel(task);
  }
  std::atomic<int> cancelled{0};
};

TEST_F(JobOutcomeTest, AResumeCancelsTheTimerOfTheRetry) {
  CountingTimer timer(clock_);
  JobManager manager({store_, transfers_, accounts_, audit_, clock_, timer, sessions_, identities_},
                     options_);
  NewJob job;
  job.display_name = "job";
  Reply<absl::StatusOr<JobView>> created;
  manager.CreateJob(fetcher_, job, created.Callback());
  const JobId id = created.Get()->record->id;
  Reply<absl::StatusOr<JobView>> added;
  manager.AddFiles(fetcher_, id, {{"http://192.0.2.1/f", "/d/f"}}, "", added.Callback());
  ASSERT_TRUE(added.Get().ok());
  Reply<absl::StatusOr<JobView>> resumed;
  manager.Resume(fetcher_, id, resumed.Callback());
  ASSERT_TRUE(resumed.Get().ok());
  Fail(true);
  ASSERT_TRUE(
      Eventually([&] { return manager.GetJob(fetcher_, id)->state == JobState::kTransientError; }));
  const int before = timer.cancelled;
  Reply<absl::StatusOr<JobView>> again;
  manager.Resume(fetcher_, id, again.Callback());
  ASSERT_TRUE(again.Get().ok());
  EXPECT_EQ(timer.cancelled, before + 1);
  Reply<absl::Status> stopped;
  manager.Shutdown([done = stopped.Callback()] { done(absl::OkStatus()); });
  EXPECT_TRUE(stopped.Get().ok());
  timer.Stop();
}

}  // namespace
}  // namespace bitsd
