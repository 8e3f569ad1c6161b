// Work beside the transfer: checks of folders, looks at files and cleanups are work of the job.

#include "server/error/errors.h"
#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobBesideTest : public JobFixture {
 protected:
  /// A job of fetcher's that has alice's token for its files.
  void Lent() {
    id_ = Create(fetcher_);
    handle_ = Handle(fetcher_, id_, kAlice);
    ASSERT_TRUE(SetFlags(fetcher_, handle_, kTokenLocalFile).Get().ok());
    ASSERT_TRUE(SetToken(alice_, handle_).Get().ok());
  }
  Reply<absl::StatusOr<JobView>> AddFiles() {
    Reply<absl::StatusOr<JobView>> reply;
    const std::string path = "/d/f" + std::to_string(++files_);
    jobs().AddFiles(fetcher_, id_, {{"http://192.0.2.1/f", path}}, "", reply.Callback());
    return reply;
  }
  Reply<absl::StatusOr<JobOutcome>> Cancel() {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Cancel(fetcher_, id_, reply.Callback());
    return reply;
  }
  /// Added, transferred.
  void Transfer() {
    ASSERT_TRUE(AddFiles().Get().ok());
    ASSERT_TRUE(Resume(fetcher_, id_).ok());
    FinishDownload();
    ASSERT_TRUE(Eventually([&] { return View(fetcher_, id_).state == JobState::kTransferred; }));
  }

  const Caller fetcher_ = As(kFetcher);
  const Caller alice_ = As(kAlice);
  JobId id_;
  int files_ = 0;  ///< Named so far.
  std::string handle_;
};

TEST_F(JobBesideTest, ClearHelperTokenWaitsForACheckOfFoldersAsTheHelper) {
  Lent();
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  ASSERT_EQ(transfers_.errands().size(), 1u);
  const auto check = transfers_.errands()[0];
  EXPECT_EQ(check->who.sid, kAlice);
  const auto cleared = ClearToken(alice_, handle_);
  EXPECT_TRUE(check->stopped) << "it was told to stop";
  EXPECT_FALSE(cleared.ready());
  transfers_.EndStop(check);
  EXPECT_TRUE(cleared.Get().ok());
  ASSERT_TRUE(added.Get().ok()) << "nobody acts now: nothing is looked at until the transfer";
  EXPECT_EQ(transfers_.errands().size(), 1u);
}

TEST_F(JobBesideTest, AClearedFlagWaitsForTheCheckWhichGoesOnAsTheOwner) {
  Lent();
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  const auto cleared = SetFlags(fetcher_, handle_, 0);
  EXPECT_FALSE(cleared.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(cleared.Get().ok());
  ASSERT_TRUE(Eventually([&] { return transfers_.errands().size() == 2; }));
  EXPECT_EQ(transfers_.errands()[1]->who.sid, kFetcher);
  transfers_.End(transfers_.errands()[1]);
  EXPECT_TRUE(added.Get().ok());
}

TEST_F(JobBesideTest, WhatTakesThePlaceOfAClearedFlagIsNotUsedBeforeItIsStored) {
  Lent();
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  store_.Hold();
  const auto cleared = SetFlags(fetcher_, handle_, 0);
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_EQ(transfers_.errands().size(), 1u) << "not as the owner before the commit";
  store_.ReleaseAll();
  EXPECT_TRUE(cleared.Get().ok());
  ASSERT_TRUE(Eventually([&] { return transfers_.errands().size() == 2; }));
  transfers_.End(transfers_.errands()[1]);
  EXPECT_TRUE(added.Get().ok());
}

TEST_F(JobBesideTest, CancelWaitsForACheck) {
  Lent();
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  const auto cancelled = Cancel();
  EXPECT_FALSE(cancelled.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(cancelled.Get().ok());
  EXPECT_EQ(DetailOf(added.Get().status()).hresult, Hresult::kInvalidState);
}

TEST_F(JobBesideTest, TheEndOfTheHelpersSessionWaitsForACheck) {
  Lent();
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  Reply<absl::Status> loggedoff;
  sessions_.Logoff(*alice_.token, std::nullopt, loggedoff.Callback());
  EXPECT_FALSE(loggedoff.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(loggedoff.Get().ok());
  EXPECT_TRUE(added.Get().ok());
}

TEST_F(JobBesideTest, TheOwnersLogoffWaitsForACheckAsTheOwner) {
  id_ = Create(fetcher_);
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  Reply<absl::Status> loggedoff;
  sessions_.Logoff(*fetcher_.token, std::nullopt, loggedoff.Callback());
  EXPECT_FALSE(loggedoff.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(loggedoff.Get().ok());
  EXPECT_TRUE(added.Get().ok());
}

TEST_F(JobBesideTest, TheEndOfTheHelpersSessionWaitsForACleanupWhichGoesOnAsTheOwner) {
  Lent();
  Transfer();
  transfers_.AnswerAtOnce(false);
  const auto cancelled = Cancel();
  ASSERT_EQ(transfers_.cleanups().size(), 1u);
  EXPECT_EQ(transfers_.cleanups()[0].identities.size(), 2u);
  Reply<absl::Status> loggedoff;
  sessions_.Logoff(*alice_.token, std::nullopt, loggedoff.Callback());
  EXPECT_FALSE(loggedoff.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(loggedoff.Get().ok());
  ASSERT_EQ(transfers_.cleanups().size(), 2u);
  EXPECT_EQ(transfers_.cleanups()[1].files, transfers_.cleanups()[0].files);
  ASSERT_EQ(transfers_.cleanups()[1].identities.size(), 1u);
  EXPECT_EQ(transfers_.cleanups()[1].identities[0].sid, kFetcher);
  EXPECT_FALSE(cancelled.ready());
  transfers_.End(transfers_.errands()[1]);
  EXPECT_TRUE(cancelled.Get().ok());
}

TEST_F(JobBesideTest, ACancelThatTheStoreRefusedIsFinishedAsTheOwner) {
  Lent();
  Transfer();
  store_.Fail(error::DiskFull("no room"));
  EXPECT_EQ(DetailOf(Cancel().Get().status()).hresult, Hresult::kDiskFull);
  EXPECT_TRUE(transfers_.cleanups().empty());
  store_.Fail(absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return transfers_.cleanups().size() == 1; }));
  ASSERT_EQ(transfers_.cleanups()[0].identities.size(), 1u)
      << "the call that withdrew the helper's identity has returned";
  EXPECT_EQ(transfers_.cleanups()[0].identities[0].sid, kFetcher);
}

TEST_F(JobBesideTest, NothingIsRemovedBeforeTheStoreHasTheCancelHoweverLongThatTakes) {
  options_.retention = absl::Milliseconds(1);
  Lent();
  Transfer();
  store_.Fail(error::DiskFull("no room"));
  EXPECT_FALSE(Cancel().Get().ok());
  const size_t commits = store_.commits();
  ASSERT_TRUE(Eventually([&] {
    return store_.commits() >= commits + 3 || !transfers_.cleanups().empty();
  })) << "it is tried again";
  EXPECT_TRUE(transfers_.cleanups().empty());
  EXPECT_TRUE(jobs().GetJob(fetcher_, id_).ok()) << "a restart finds it, too";
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return transfers_.cleanups().size() == 1; }));
}

TEST_F(JobBesideTest, ShutdownWaitsForWhatIsUnderWay) {
  id_ = Create(fetcher_);
  transfers_.AnswerAtOnce(false);
  const auto added = AddFiles();
  Reply<absl::Status> stopped;
  jobs().Shutdown([done = stopped.Callback()] { done(absl::OkStatus()); });
  EXPECT_FALSE(stopped.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(stopped.Get().ok());
  EXPECT_TRUE(absl::IsUnavailable(added.Get().status())) << added.Get().status();
}

TEST_F(JobBesideTest, ResumeOfATransferredJobLooksAtItsFilesAsWhoActsNow) {
  Lent();
  Transfer();
  ASSERT_TRUE(Resume(fetcher_, id_).ok());
  ASSERT_EQ(transfers_.looks().size(), 1u);
  EXPECT_EQ(transfers_.looks()[0].sid, kAlice);
  EXPECT_EQ(View(fetcher_, id_).state, JobState::kTransferred) << "all is there";
  ASSERT_TRUE(SetFlags(fetcher_, handle_, 0).Get().ok());
  transfers_.SayLost({0});
  ASSERT_TRUE(Resume(fetcher_, id_).ok());
  EXPECT_EQ(transfers_.looks().back().sid, kFetcher);
  const JobView view = View(fetcher_, id_);
  EXPECT_NE(view.state, JobState::kTransferred);
  EXPECT_EQ(view.files_transferred, 0u);
  EXPECT_EQ(view.record->abandoned.size(), 1u);
  const auto run = transfers_.last();
  EXPECT_EQ(run->download.local.sid, kFetcher);
  EXPECT_FALSE((*run->download.files)[0].progress.transferred);
}

TEST_F(JobBesideTest, ResumeAfterSuspendLooksToo) {
  id_ = Create(fetcher_);
  Transfer();
  Reply<absl::StatusOr<JobView>> suspended;
  jobs().Suspend(fetcher_, id_, suspended.Callback());
  ASSERT_TRUE(suspended.Get().ok());
  transfers_.SayLost({0});
  ASSERT_TRUE(Resume(fetcher_, id_).ok());
  EXPECT_FALSE((*transfers_.last()->download.files)[0].progress.transferred);
}

TEST_F(JobBesideTest, WithoutATokenNobodyLooksAndNothingIsLost) {
  Lent();
  Transfer();
  ASSERT_TRUE(ClearToken(alice_, handle_).Get().ok());
  transfers_.SayLost({0});
  ASSERT_TRUE(Resume(fetcher_, id_).ok());
  EXPECT_TRUE(transfers_.looks().empty());
  EXPECT_EQ(View(fetcher_, id_).state, JobState::kTransferred);
}

TEST_F(JobBesideTest, ClearHelperTokenWaitsForALookAsTheHelper) {
  Lent();
  Transfer();
  transfers_.AnswerAtOnce(false);
  Reply<absl::StatusOr<JobView>> resumed;
  jobs().Resume(fetcher_, id_, resumed.Callback());
  const auto cleared = ClearToken(alice_, handle_);
  EXPECT_FALSE(cleared.ready());
  transfers_.EndStop(transfers_.errands()[0]);
  EXPECT_TRUE(cleared.Get().ok());
  EXPECT_TRUE(resumed.Get().ok());
}

}  // namespace
}  // namespace bitsd
