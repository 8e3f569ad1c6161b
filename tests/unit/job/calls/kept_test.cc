// What callers can make the service keep: finished jobs, remembered answers, temporary files. Each
// bounded for whoever fills it; and a job that is gone is never written again.

#include <limits>

#include "absl/strings/str_cat.h"
#include "server/model/record_bounds.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobKeptTest : public JobFixture {
 protected:
  JobId Cancelled(const Caller& caller, const std::string& name = "job") {
    const JobId id = Create(caller, name);
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Cancel(caller, id, reply.Callback());
    EXPECT_TRUE(reply.Get().ok());
    return id;
  }

  absl::StatusOr<JobView> CreateOnce(const Caller& caller, int number) {
    NewJob job;
    job.display_name = "job";
    job.request_id = absl::StrCat("7a0d3c1e-0000-4000-8000-", 100000000000 + number);
    Reply<absl::StatusOr<JobView>> reply;
    jobs().CreateJob(caller, job, reply.Callback());
    return reply.Get();
  }

  /// A suspended job with one temporary file.
  JobId WithTemporary(const Caller& caller) {
    const JobId id = Running(caller);
    FinishDownload();
    EXPECT_TRUE(Eventually([&] { return View(caller, id).state == JobState::kTransferred; }));
    return id;
  }

  size_t StoredRequests() {
    size_t count = 0;
    StoreVisitor visitor;
    visitor.job = [](const JobRecordPtr&) {};
    visitor.request = [&](const RequestRecord&) { ++count; };
    visitor.session = [](const SessionRecord&) {};
    EXPECT_TRUE(memory_.Load(visitor).ok());
    return count;
  }
};

TEST_F(JobKeptTest, WhoFinishesManyJobsLosesTheirOwnAndNobodyElses) {
  options_.finished.count = 2;
  const Caller fetcher = As(kFetcher);
  const Caller alice = As(kAlice);
  const JobId hers = Cancelled(alice);
  const JobId first = Cancelled(fetcher);
  std::vector<JobId> later;
  for (int i = 0; i < 10; ++i) later.push_back(Cancelled(fetcher));
  EXPECT_EQ(DetailOf(jobs().GetJob(fetcher, first).status()).hresult, Hresult::kNotFound);
  EXPECT_EQ(memory_.Find(first), nullptr);
  EXPECT_TRUE(jobs().GetJob(fetcher, later[9]).ok());
  EXPECT_TRUE(jobs().GetJob(fetcher, later[8]).ok());
  EXPECT_FALSE(jobs().GetJob(fetcher, later[7]).ok());
  EXPECT_TRUE(jobs().GetJob(alice, hers).ok()) << "she does not notice";
}

TEST_F(JobKeptTest, FinishedJobsAreBoundedInBytes) {
  options_.finished.bytes = 100'000;
  const Caller fetcher = As(kFetcher);
  const Caller alice = As(kAlice);
  const JobId hers = Cancelled(alice);
  const JobId small = Cancelled(fetcher);
  std::vector<JobId> large;
  for (int i = 0; i < 3; ++i) {
    const JobId id = Create(fetcher);
    for (int file = 0; file < 20; ++file) {
      ASSERT_TRUE(AddFile(fetcher, id,
                          "/" + std::string(250, 'd') + "/" + std::string(250, 'n') + "/" +
                              std::string(250, 'm') + absl::StrCat("/", file))
                      .ok());
    }
    ASSERT_TRUE(AddFile(fetcher, id, "/d/last").ok());
    Reply<absl::StatusOr<JobOutcome>> reply;
    large.push_back(id);
    jobs().Cancel(fetcher, id, reply.Callback());
    ASSERT_TRUE(reply.Get().ok());
  }
  for (int i = 0; i < 200; ++i) Cancelled(fetcher, std::string(200, 'x'));
  EXPECT_FALSE(jobs().GetJob(fetcher, small).ok());
  EXPECT_FALSE(jobs().GetJob(fetcher, large[0]).ok());
  EXPECT_TRUE(jobs().GetJob(alice, hers).ok());
}

TEST_F(JobKeptTest, TheNewestFinishedJobCanBeReadHoweverLargeItIs) {
  options_.finished.bytes = 1;
  const Caller fetcher = As(kFetcher);
  Cancelled(fetcher);
  EXPECT_TRUE(jobs().GetJob(fetcher, Cancelled(fetcher)).ok());
}

TEST_F(JobKeptTest, WhoFillsTheAnswersForgetsTheirOwnInMemoryAndInTheStore) {
  options_.answers.count = 3;
  options_.limits.jobs_per_user = 100;
  const Caller fetcher = As(kFetcher);
  const Caller alice = As(kAlice);
  const JobId hers = CreateOnce(alice, 0)->record->id;
  const JobId first = CreateOnce(fetcher, 0)->record->id;
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(CreateOnce(fetcher, i).ok());
  const JobId last = CreateOnce(fetcher, 10)->record->id;
  EXPECT_EQ(CreateOnce(fetcher, 10)->record->id, last) << "a repeat";
  EXPECT_EQ(CreateOnce(alice, 0)->record->id, hers) << "she does not notice";
  EXPECT_EQ(StoredRequests(), 4u);
  EXPECT_NE(CreateOnce(fetcher, 0)->record->id, first) << "forgotten";
}

TEST_F(JobKeptTest, AnswersAreBoundedInBytes) {
  options_.answers.bytes = 20'000;
  options_.limits.jobs_per_user = 300;
  const Caller fetcher = As(kFetcher);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(CreateOnce(fetcher, i).ok());
  EXPECT_LT(StoredRequests(), 40u);
  EXPECT_GT(StoredRequests(), 5u);
}

TEST_F(JobKeptTest, AnAnswerIsRememberedWithoutItsFiles) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string request = "7a0d3c1e-0000-4000-8000-000000000007";
  const std::vector<NewFile> files = Files(3);
  for (int i = 0; i < 2; ++i) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().AddFiles(fetcher, id, files, request, reply.Callback());
    ASSERT_TRUE(reply.Get().ok());
    EXPECT_EQ(reply.Get()->record->files->size(), 3u);
    EXPECT_EQ((*reply.Get()->record->files)[0].local_name, i == 0 ? "/d/f" : "");
  }
}

TEST_F(JobKeptTest, AJobIsNotPurgedWhileItsFilesAreRemovedAndNotWrittenBackAfterwards) {
  options_.retention = absl::Milliseconds(1);
  transfers_.KeepFilesAtCleanup();
  transfers_.HoldCleanups();
  const Caller fetcher = As(kFetcher);
  const JobId id = WithTemporary(fetcher);
  Reply<absl::StatusOr<JobOutcome>> reply;
  jobs().Cancel(fetcher, id, reply.Callback());
  const JobId other = Cancelled(fetcher);
  EXPECT_TRUE(Eventually([&] { return memory_.Find(other) == nullptr; }));
  EXPECT_TRUE(jobs().GetJob(fetcher, id).ok());
  transfers_.EndCleanups();
  ASSERT_TRUE(reply.Get().ok());
  EXPECT_EQ(reply.Get()->hresult, Hresult::kUnableToDeleteFiles);
  EXPECT_TRUE(Eventually([&] { return !jobs().GetJob(fetcher, id).ok(); }));
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id) == nullptr; }));
}

TEST_F(JobKeptTest, JobsWhoseFilesCannotBeRemovedAreBoundedTooAndNeverWrittenBack) {
  options_.finished.count = 2;
  transfers_.KeepFilesAtCleanup();
  transfers_.HoldCleanups();
  const Caller fetcher = As(kFetcher);
  std::vector<JobId> ids;
  std::vector<Reply<absl::StatusOr<JobOutcome>>> replies(8);
  for (auto& reply : replies) {
    ids.push_back(WithTemporary(fetcher));
    jobs().Cancel(fetcher, ids.back(), reply.Callback());
  }
  EXPECT_EQ(memory_.Find(ids[0]), nullptr);
  EXPECT_NE(memory_.Find(ids[7]), nullptr);
  transfers_.EndCleanups();
  for (auto& reply : replies) EXPECT_TRUE(reply.Get().ok());
  EXPECT_EQ(memory_.Find(ids[0]), nullptr) << "an erased job is not written again";
}

TEST_F(JobKeptTest, ACommitUnderWayDoesNotBringAnErasedJobBack) {
  options_.finished.count = 1;
  transfers_.KeepFilesAtCleanup();
  transfers_.HoldCleanups();
  const Caller fetcher = As(kFetcher);
  std::vector<Reply<absl::StatusOr<JobOutcome>>> replies(3);
  const JobId erased = WithTemporary(fetcher);
  jobs().Cancel(fetcher, erased, replies[0].Callback());
  jobs().Cancel(fetcher, WithTemporary(fetcher), replies[1].Callback());
  const JobId last = Create(fetcher);
  store_.Hold();
  jobs().Cancel(fetcher, last, replies[2].Callback());
  transfers_.EndCleanups();  // What is left is to be written.
  ASSERT_TRUE(store_.ReleaseOne());
  EXPECT_EQ(DetailOf(jobs().GetJob(fetcher, erased).status()).hresult, Hresult::kNotFound);
  store_.ReleaseAll();
  for (auto& reply : replies) EXPECT_TRUE(reply.Get().ok());
  EXPECT_EQ(memory_.Find(erased), nullptr);
}

TEST_F(JobKeptTest, AStartLongAfterTheEndPurgesTheJobForGood) {
  const Caller fetcher = As(kFetcher);
  const JobId id = WithTemporary(fetcher);
  transfers_.KeepFilesAtCleanup();
  Reply<absl::StatusOr<JobOutcome>> reply;
  jobs().Cancel(fetcher, id, reply.Callback());
  ASSERT_TRUE(reply.Get().ok());
  auto old = std::make_shared<JobRecord>(*memory_.Find(id));
  ASSERT_FALSE(old->abandoned.empty());
  old->modification -= absl::Hours(48);
  // The list of what is left will change.
  old->abandoned.push_back({"/d/.BIT0000000000000002.tmp", kFetcher, FileId{1, 3}});
  StoreChange change;
  change.put = old;
  memory_.Commit({std::move(change)}, [](const absl::Status&) {});
  Restart();
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id) == nullptr; }));
  EXPECT_EQ(DetailOf(jobs().GetJob(fetcher, id).status()).hresult, Hresult::kNotFound);
}

TEST_F(JobKeptTest, AbandonedTemporaryFilesAreCapped) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  for (uint64_t i = 0; i < 3 * kMaxAbandoned; ++i) {
    FileProgress progress;
    progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kFetcher, FileId{1, i}};
    transfers_.last()->events->OnFile(
        0, progress, TemporaryFile{"/d/.BIT0000000000000002.tmp", kAlice, FileId{2, i}});
  }
  EXPECT_EQ(View(fetcher, id).record->abandoned.size(), kMaxAbandoned);
}

TEST_F(JobKeptTest, WhatAServerSaysIsBroughtWithinTheBoundsBeforeItIsKept) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  FileProgress progress;
  progress.version.tag = std::string(1 << 20, '"');
  progress.final_url = std::string(1 << 20, 'u');
  progress.version.content_type = progress.version.content_encoding = std::string(1 << 20, 'c');
  progress.version.date = "Tue, 15 Nov 1994 12:45:26 GMT";
  transfers_.last()->events->OnFile(0, progress, std::nullopt);
  TransferFailure failure;
  failure.error.hresult = Hresult::kInvalidServerResponse;
  failure.error.http_status = -99;
  failure.error.message = std::string(1 << 20, '\xff');
  failure.error.rule = "no rule\n";
  failure.error.file_index = 17;
  transfers_.last()->events->OnFailed(failure);
  const JobRecordPtr record = View(fetcher, id).record;
  EXPECT_EQ(record->error->http_status, 0);
  EXPECT_EQ(record->error->message.size(), kMaxErrorMessage);
  EXPECT_EQ(record->error->rule, "");
  EXPECT_EQ(record->error->file_index, std::nullopt);
  const FileProgress& kept = (*record->files)[0].progress;
  EXPECT_TRUE(kept.version.tag.empty());
  EXPECT_TRUE(kept.final_url.empty());
  EXPECT_TRUE(kept.version.content_type.empty());
  EXPECT_TRUE(kept.version.content_encoding.empty());
  EXPECT_EQ(kept.version.date, "Tue, 15 Nov 1994 12:45:26 GMT");
}

TEST_F(JobKeptTest, AnExemptCallersJobIsBoundedToo) {
  const Caller admin = As(kAdmin);
  const JobId id = Create(admin);
  const auto add = [&](size_t count) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().AddFiles(admin, id, Files(count), "", reply.Callback());
    return DetailOf(reply.Get().status()).hresult;
  };
  EXPECT_EQ(add(policy::kMaxFilesPerJob), Hresult::kOk);
  EXPECT_EQ(add(1), Hresult::kTooManyFilesInJob);
}

/// A store in which one job cannot be read.
class DamagedStore : public MemoryStore {
 public:
  explicit DamagedStore(SetAside what) : what_(std::move(what)) {}
  absl::Status Load(const StoreVisitor& visitor) override {
    visitor.set_aside(what_);
    return absl::OkStatus();
  }

 private:
  const SetAside what_;
};

TEST_F(JobKeptTest, TheOwnerOfAJobThatCannotBeReadIsToldAndTheOperatorToo) {
  const JobId id = JobId::Random();
  DamagedStore damaged({"jobs", "table jobs: column state is out of its bounds", id, kFetcher,
                        absl::Now(), true, false});
  auto manager =
      std::make_unique<JobManager>(JobManager::Deps{damaged, transfers_, accounts_, audit_, clock_,
                                                    timer_, sessions_, identities_},
                                   options_);
  ASSERT_TRUE(manager->Restore([](const SessionRecord&) {}).ok());
  EXPECT_EQ(manager->SetAsideFor(As(kAdmin)), 1u);
  EXPECT_EQ(manager->SetAsideFor(As(kFetcher)), 1u);
  EXPECT_EQ(manager->SetAsideFor(As(kMallory)), 0u);
  EXPECT_EQ(audit_.Values("row_set_aside", "job"), std::vector<std::string>{id.ToString()});
  for (const Sid& who : {kFetcher, kAdmin}) {
    const absl::Status told = manager->GetJob(As(who), id).status();
    EXPECT_EQ(DetailOf(told).rule, "job_set_aside");
    EXPECT_NE(std::string(told.message()).find("damaged"), std::string::npos) << told;
  }
  EXPECT_EQ(DetailOf(manager->GetJob(As(kMallory), id).status()).hresult, Hresult::kNotFound);
  timer_.Stop();  // It knows the manager.
  manager->Shutdown([] {});
}

TEST_F(JobKeptTest, WhoMayNotOpenAJobIsNotToldThatItCannotBeRead) {
  const JobId id = JobId::Random();
  for (const bool elevated : {false, true}) {
    DamagedStore damaged(
        {"jobs", "damaged", id, elevated ? kAdmin : kLocalSystemSid, absl::Now(), true, elevated});
    JobManager manager(
        {damaged, transfers_, accounts_, audit_, clock_, timer_, sessions_, identities_}, options_);
    ASSERT_TRUE(manager.Restore([](const SessionRecord&) {}).ok());
    Caller caller = As(kAdmin);
    auto token = std::make_shared<AccessToken>(*caller.token);
    if (elevated) token->groups.clear();  // As a filtered one: no enabled administrator.
    caller.token = std::move(token);
    EXPECT_EQ(DetailOf(manager.GetJob(caller, id).status()).hresult, Hresult::kNotFound);
    EXPECT_EQ(manager.SetAsideFor(caller), 0u);
    timer_.Stop();  // It knows the manager.
    manager.Shutdown([] {});
  }
}

TEST_F(JobKeptTest, WhatHadToMakeRoomIsInTheAuditLog) {
  const JobId id = JobId::Random();
  DamagedStore damaged({"jobs", "damaged", id, kFetcher, absl::Now(), false, false, true});
  JobManager manager(
      {damaged, transfers_, accounts_, audit_, clock_, timer_, sessions_, identities_}, options_);
  ASSERT_TRUE(manager.Restore([](const SessionRecord&) {}).ok());
  EXPECT_EQ(audit_.Values("row_dropped", "job"), std::vector<std::string>{id.ToString()});
  EXPECT_EQ(manager.SetAsideFor(As(kFetcher)), 0u);
  timer_.Stop();  // It knows the manager.
  manager.Shutdown([] {});
}

}  // namespace
}  // namespace bitsd
