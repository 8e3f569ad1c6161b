// What is left of changes that the store refused: their withdrawals, and nothing else.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobRefusedCommitTest : public JobFixture {
 protected:
  Reply<absl::StatusOr<JobView>> Suspend(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().Suspend(caller, id, reply.Callback());
    return reply;
  }
  Reply<absl::StatusOr<JobOutcome>> Cancel(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Cancel(caller, id, reply.Callback());
    return reply;
  }
  Reply<absl::StatusOr<JobOutcome>> Complete(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Complete(caller, id, reply.Callback());
    return reply;
  }
  /// The store is busy with a change of the job: what follows shares the next commit.
  void HoldACommit(const Caller& caller, const JobId& id) {
    store_.Hold();
    JobUpdate update;
    update.description = "another";
    jobs().UpdateJob(caller, id, update, [](const absl::StatusOr<JobView>&) {});
  }
  /// Alice's token is on a job of the fetcher that runs under it.
  JobId Lent(const Caller& fetcher, std::string& handle) {
    const JobId id = Create(fetcher);
    handle = Handle(fetcher, id, kAlice);
    EXPECT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
    EXPECT_TRUE(SetToken(As(kAlice), handle).Get().ok());
    EXPECT_TRUE(AddFile(fetcher, id).ok());
    EXPECT_TRUE(Resume(fetcher, id).ok());
    return id;
  }
};

TEST_F(JobRefusedCommitTest, AFileInTheSameCommitAsAStopIsNeitherVisibleNorKept) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  HoldACommit(fetcher, id);
  Reply<absl::StatusOr<JobView>> added;
  jobs().AddFiles(fetcher, id, {{"http://192.0.2.1/g", "/d/g"}}, "", added.Callback());
  const auto suspended = Suspend(fetcher, id);
  EXPECT_EQ(View(fetcher, id).state, JobState::kSuspended);
  EXPECT_EQ(View(fetcher, id).record->files->size(), 1u) << "it is granted by its commit";
  store_.ReleaseOne();
  store_.ReleaseOne(error::DiskFull("no room"));
  EXPECT_FALSE(added.Get().ok());
  EXPECT_FALSE(suspended.Get().ok());
  store_.ReleaseAll();
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->state == JobState::kSuspended; }));
  EXPECT_EQ(memory_.Find(id)->files->size(), 1u) << "its caller was told that it was not added";
}

TEST_F(JobRefusedCommitTest, ACompleteThatTheStoreRefusedMayBeRepeated) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  store_.Fail(error::DiskFull("no room"));
  EXPECT_EQ(DetailOf(Complete(fetcher, id).Get().status()).hresult, Hresult::kDiskFull);
  EXPECT_FALSE(View(fetcher, id).record->completing);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Complete(fetcher, id).Get().ok());
  EXPECT_EQ(View(fetcher, id).state, JobState::kAcknowledged);
}

TEST_F(JobRefusedCommitTest, ARevisionIsNeverThatOfSomethingElse) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const uint64_t before = View(fetcher, id).record->revision;
  store_.Fail(error::DiskFull("no room"));
  EXPECT_FALSE(Suspend(fetcher, id).Get().ok());
  EXPECT_GT(View(fetcher, id).record->revision, before);
}

TEST_F(JobRefusedCommitTest, ACancelThatTheStoreRefusedRemovesItsFilesOnceTheStoreHasIt) {
  const Caller fetcher = As(kFetcher);
  std::string handle;
  const JobId id = Lent(fetcher, handle);
  FileProgress progress;
  progress.temporary = TemporaryFile{"/d/.BIT0000000000000001.tmp", kAlice, FileId{1, 2}};
  transfers_.last()->events->OnFile(0, progress, std::nullopt);
  store_.Fail(error::DiskFull("no room"));
  EXPECT_FALSE(Cancel(fetcher, id).Get().ok());
  EXPECT_TRUE(transfers_.cleanups().empty());
  store_.Fail(absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return !transfers_.cleanups().empty(); }));
  EXPECT_EQ(memory_.Find(id)->state, JobState::kCancelled);
  ASSERT_EQ(transfers_.cleanups()[0].identities.size(), 1u);
  EXPECT_EQ(transfers_.cleanups()[0].identities[0].sid, kFetcher)
      << "the call that withdrew the helper's identity has returned";
}

TEST_F(JobRefusedCommitTest, ARepeatedWithdrawalIsAnsweredWhenTheFirstHasTakenEffect) {
  const Caller fetcher = As(kFetcher);
  std::string handle;
  Lent(fetcher, handle);
  transfers_.StopAtOnce(false);
  const auto first = ClearToken(As(kAlice), handle);
  const auto again = ClearToken(fetcher, handle);
  EXPECT_FALSE(first.ready());
  EXPECT_FALSE(again.ready()) << "the helper's files are still written";
  transfers_.EndStop(transfers_.last());
  EXPECT_TRUE(first.Get().ok());
  EXPECT_TRUE(again.Get().ok());
}

TEST_F(JobRefusedCommitTest, ATokenThatEndedBehindItsRefreshIsGoneWhenTheRefreshFails) {
  const Caller fetcher = As(kFetcher);
  std::string handle;
  const JobId id = Lent(fetcher, handle);
  ASSERT_TRUE(Suspend(fetcher, id).Get().ok());
  const Caller first = As(kAlice);
  Caller second = first;  // The refresh comes in a session of its own.
  sessions_.Logon(
      *first.token, absl::Hours(1), [] { return true; },
      [&](const absl::StatusOr<SessionPtr>& session) { second.session = *session; });
  HoldACommit(fetcher, id);
  const auto refreshed = SetToken(second, handle);
  first.session->Close();
  store_.ReleaseOne();
  store_.ReleaseOne(error::DiskFull("no room"));
  EXPECT_FALSE(refreshed.Get().ok());
  store_.ReleaseAll();
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
  EXPECT_EQ(View(fetcher, id).state, JobState::kError);
  EXPECT_EQ(View(fetcher, id).record->error->hresult, Hresult::kTokenRequired);
}

}  // namespace
}  // namespace bitsd
