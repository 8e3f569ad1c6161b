// The limits on jobs and files: who they are for, what they count, and races for the last place.

#include <thread>

#include "gmock/gmock.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

using testing::HasSubstr;

class JobLimitsTest : public JobFixture {
 protected:
  Reply<absl::StatusOr<JobView>> Ask(const Caller& caller) {
    NewJob job;
    job.display_name = "job";
    Reply<absl::StatusOr<JobView>> reply;
    jobs().CreateJob(caller, job, reply.Callback());
    return reply;
  }
  static Hresult HresultOf(const absl::Status& status) { return DetailOf(status).hresult; }
  Hresult TryCreate(const Caller& caller) { return HresultOf(Ask(caller).Get().status()); }

  Reply<absl::StatusOr<JobView>> AskFiles(const Caller& caller, const JobId& id, size_t count) {
    Reply<absl::StatusOr<JobView>> reply;
    std::vector<NewFile> files(count, {"http://192.0.2.1/f", "/d/f"});
    for (NewFile& file : files) file.local_name += std::to_string(++named_);
    jobs().AddFiles(caller, id, std::move(files), "", reply.Callback());
    return reply;
  }

  Caller FilteredAdmin() {
    const Caller admin = As(kAdmin);
    auto token = std::make_shared<AccessToken>(*admin.token);
    token->groups = {{kAdministratorsSid, kGroupUseForDenyOnly}};
    return {std::move(token), admin.session};
  }
  Caller Service() {
    const Caller caller = As(kMallory);
    auto token = std::make_shared<AccessToken>(*caller.token);
    token->service = true;
    return {std::move(token), caller.session};
  }

  int named_ = 0;  ///< Files so far.
};

TEST_F(JobLimitsTest, ARepeatWithAFilteredTokenIsNotAnsweredWithAnElevatedJob) {
  NewJob job;
  job.display_name = "job";
  job.request_id = "7a0d3c1e-0000-4000-8000-000000000001";
  const auto create = [&](const Caller& caller) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().CreateJob(caller, job, reply.Callback());
    return reply.Get();
  };
  ASSERT_TRUE(create(As(kAdmin)).ok());
  EXPECT_EQ(DetailOf(create(FilteredAdmin()).status()).rule, RuleName(Rule::kElevatedJob));
  EXPECT_TRUE(create(As(kAdmin)).ok());
}

TEST_F(JobLimitsTest, OfTwoRequestsForTheLastPlaceOneIsRefused) {
  const Caller fetcher = As(kFetcher);
  for (int i = 0; i < 59; ++i) ASSERT_EQ(TryCreate(fetcher), Hresult::kOk);
  store_.Hold();
  const auto first = Ask(fetcher);
  const auto second = Ask(fetcher);
  ASSERT_TRUE(second.ready()) << "decided before either is in the store";
  EXPECT_EQ(HresultOf(second.Get().status()), Hresult::kTooManyJobsPerUser);
  store_.ReleaseAll();
  EXPECT_TRUE(first.Get().ok());
}

TEST_F(JobLimitsTest, ManyThreadsGetExactlyAsManyJobsAsAreAllowed) {
  options_.limits.jobs_per_user = 20;
  options_.limits.jobs_per_machine = 50;
  const std::vector<Caller> callers = {As(kFetcher), As(kAlice), As(kMallory)};
  jobs();
  std::array<std::atomic<int>, 3> created_by{};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        const Hresult result = TryCreate(callers[t % 3]);
        if (result == Hresult::kOk) ++created_by.at(t % 3);
        if (result == Hresult::kTooManyJobsPerUser || result == Hresult::kTooManyJobsPerMachine) {
          ++refused;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created_by[0] + created_by[1] + created_by[2], 50);
  EXPECT_EQ(refused, 130);
  for (const auto& created : created_by) EXPECT_LE(created, 20);
}

TEST_F(JobLimitsTest, TheMessagesSayTheLimitTheNumberAndWhatToDo) {
  options_.limits.jobs_per_user = 2;
  options_.limits.jobs_per_machine = 3;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(TryCreate(As(kFetcher)), Hresult::kOk);
  EXPECT_THAT(std::string(Ask(As(kFetcher)).Get().status().message()),
              HasSubstr("you have 2 unfinished jobs and may have 2 (limits.jobs_per_user)"));
  ASSERT_EQ(TryCreate(As(kAlice)), Hresult::kOk);
  EXPECT_THAT(std::string(Ask(As(kAlice)).Get().status().message()),
              HasSubstr("the service has 3 unfinished jobs and may have 3"));
}

TEST_F(JobLimitsTest, AJobThatTheStoreRefusedGivesItsPlaceBack) {
  options_.limits.jobs_per_user = 1;
  options_.limits.jobs_per_machine = 1;
  store_.Fail(error::DiskFull("no room"));
  EXPECT_EQ(TryCreate(As(kFetcher)), Hresult::kDiskFull);
  store_.Fail(absl::OkStatus());
  EXPECT_EQ(TryCreate(As(kFetcher)), Hresult::kOk);
}

TEST_F(JobLimitsTest, AdministratorsAndServicesAreExemptAndTakeNobodysPlace) {
  options_.limits.jobs_per_user = 1;
  options_.limits.jobs_per_machine = 2;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(TryCreate(As(kAdmin)), Hresult::kOk);
    EXPECT_EQ(TryCreate(Service()), Hresult::kOk);
  }
  EXPECT_EQ(TryCreate(As(kFetcher)), Hresult::kOk) << "exempt jobs do not count";
  EXPECT_EQ(TryCreate(FilteredAdmin()), Hresult::kOk) << "only limited jobs are counted";
  EXPECT_EQ(TryCreate(FilteredAdmin()), Hresult::kTooManyJobsPerUser)
      << "a filtered administrator is none";
  EXPECT_EQ(TryCreate(As(kAlice)), Hresult::kTooManyJobsPerMachine);
}

TEST_F(JobLimitsTest, AFinishedExemptJobFreesNothingForOthers) {
  options_.limits.jobs_per_machine = 1;
  ASSERT_EQ(TryCreate(As(kFetcher)), Hresult::kOk);
  const Caller admin = As(kAdmin);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(admin, Create(admin), cancelled.Callback());
  ASSERT_TRUE(cancelled.Get().ok());
  EXPECT_EQ(TryCreate(As(kAlice)), Hresult::kTooManyJobsPerMachine);
}

TEST_F(JobLimitsTest, FilesAreCountedWhenTheyAreAddedNotWhenTheyAreAskedFor) {
  options_.limits.files_per_job = 3;
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(AskFiles(fetcher, id, 2).Get().ok());
  store_.Hold();
  const auto first = AskFiles(fetcher, id, 1);
  const auto second = AskFiles(fetcher, id, 1);
  store_.ReleaseAll();
  EXPECT_TRUE(first.Get().ok());
  EXPECT_EQ(HresultOf(second.Get().status()), Hresult::kTooManyFilesInJob);
  EXPECT_THAT(std::string(second.Get().status().message()),
              HasSubstr("the job has 3 files, these are 1 more, and it may have 3"));
  EXPECT_TRUE(AskFiles(As(kAdmin), id, 5).Get().ok()) << "an administrator is exempt";
}

TEST_F(JobLimitsTest, TooManyFilesAreRefusedAsAWhole) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  EXPECT_EQ(HresultOf(AskFiles(fetcher, id, 201).Get().status()), Hresult::kTooManyFilesInJob);
  EXPECT_EQ(View(fetcher, id).record->files->size(), 0u);
  EXPECT_TRUE(AskFiles(fetcher, id, 200).Get().ok());
}

}  // namespace
}  // namespace bitsd
