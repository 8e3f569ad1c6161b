// Handles, the five calls, and the end of a loan, at the level of the job manager.

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

Hresult HresultOf(const absl::Status& status) { return DetailOf(status).hresult; }

class JobTokenTest : public JobFixture {};

TEST_F(JobTokenTest, ClearingTheTokenPutsAnIncompleteJobWithFlagsInError) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(ClearToken(As(kAlice), handle).Get().ok());
  const JobView job = View(fetcher, id);
  EXPECT_EQ(job.state, JobState::kError);
  EXPECT_EQ(job.record->error->hresult, Hresult::kTokenRequired);
  EXPECT_EQ(job.record->error->context, ErrorContext::kGeneralQueueManager);
  EXPECT_EQ(job.waiting_for, WaitingFor::kToken);
  EXPECT_EQ(job.record->token_flags, kTokenLocalFile);
}

TEST_F(JobTokenTest, ClearingAnIdleTokenDisturbsNothing) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(ClearToken(fetcher, handle).Get().ok());
  ASSERT_TRUE(ClearToken(fetcher, handle).Get().ok()) << "clearing without a token succeeds";
  EXPECT_EQ(transfers_.runs().size(), 1u);
  EXPECT_FALSE(transfers_.last()->stop_requested);
}

TEST_F(JobTokenTest, ATransferredJobStaysTransferredWithoutItsTokenAndCompleteAsksForIt) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  FinishDownload();
  ASSERT_TRUE(ClearToken(fetcher, handle).Get().ok());
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  Reply<absl::StatusOr<JobOutcome>> completed;
  jobs().Complete(fetcher, id, completed.Callback());
  EXPECT_EQ(HresultOf(completed.Get().status()), Hresult::kTokenRequired);
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
  EXPECT_EQ(transfers_.runs().size(), 1u);
}

TEST_F(JobTokenTest, AFlagWithoutATokenFailsTheJobWhenTheFileIsNeeded) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(SetFlags(fetcher, Handle(fetcher, id), kTokenLocalFile).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  EXPECT_TRUE(transfers_.checks().empty()) << "nobody could open the directory yet";
  ASSERT_TRUE(Resume(fetcher, id).ok());
  EXPECT_EQ(View(fetcher, id).record->error->hresult, Hresult::kTokenRequired);
  EXPECT_TRUE(transfers_.runs().empty());
}

TEST_F(JobTokenTest, BothRecoveriesOfTheDocumentationWork) {
  const Caller fetcher = As(kFetcher);
  for (const bool lend : {true, false}) {
    const JobId id = Create(fetcher, "job", JobPriority::kForeground);
    const std::string handle = Handle(fetcher, id, kAlice);
    ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
    ASSERT_TRUE(AddFile(fetcher, id).ok());
    ASSERT_TRUE(Resume(fetcher, id).ok());
    ASSERT_EQ(View(fetcher, id).state, JobState::kError);
    const absl::Status recovered =
        lend ? SetToken(As(kAlice), handle).Get().status() : SetFlags(fetcher, handle, 0).Get();
    ASSERT_TRUE(recovered.ok()) << recovered;
    ASSERT_TRUE(Resume(fetcher, id).ok());
    EXPECT_EQ(transfers_.last()->download.local.sid, lend ? kAlice : kFetcher);
  }
}

TEST_F(JobTokenTest, ATokenEndsWithItsTime) {
  options_.token_max_ttl = absl::Milliseconds(30);
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  EXPECT_TRUE(Eventually([&] { return View(fetcher, id).state == JobState::kError; }));
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
  EXPECT_EQ(audit_.Count("helper_token_discarded"), 1u);
}

TEST_F(JobTokenTest, ATokenDoesNotOutliveItsCertificate) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  Caller alice = As(kAlice);
  auto token = std::make_shared<AccessToken>(*alice.token);
  token->certificate_not_after = absl::Now() + absl::Minutes(5);
  alice.token = token;
  EXPECT_EQ(*SetToken(alice, Handle(fetcher, id)).Get(), token->certificate_not_after);
}

TEST_F(JobTokenTest, TheEndOfTheLendersSessionDiscardsTheToken) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  const Caller alice = As(kAlice);
  ASSERT_TRUE(SetToken(alice, handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  alice.session->Close();
  EXPECT_EQ(transfers_.active(), 0u);
  EXPECT_EQ(View(fetcher, id).record->error->hresult, Hresult::kTokenRequired);
}

TEST_F(JobTokenTest, AHandleEndsWithItsAcquirersSession) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id);
  fetcher.session->Close();
  EXPECT_EQ(HresultOf(jobs().GetHelperTokenFlags(As(kAlice), handle).status()),
            Hresult::kDisconnected);
}

TEST_F(JobTokenTest, ABoundHandleIsRefusedFromAnybodyElse) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  const absl::Status status = SetToken(As(kMallory), handle).Get().status();
  EXPECT_EQ(DetailOf(status).rule, "handle_bound_to_another");
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
}

TEST_F(JobTokenTest, HandlesOfWrongShapeOrMixedPartsAreRefused) {
  const Caller fetcher = As(kFetcher);
  const std::string first = Handle(fetcher, Create(fetcher));
  const std::string second = Handle(fetcher, Create(fetcher));
  const auto read = [&](const std::string& handle) {
    return HresultOf(jobs().GetHelperTokenFlags(fetcher, handle).status());
  };
  EXPECT_EQ(read(first), Hresult::kOk);
  EXPECT_EQ(read(""), Hresult::kInvalidArgument);
  EXPECT_EQ(read(first.substr(1)), Hresult::kInvalidArgument);
  EXPECT_EQ(read(first + "x"), Hresult::kInvalidArgument);
  EXPECT_EQ(read(std::string(32, '\0')), Hresult::kDisconnected);
  EXPECT_EQ(read(first.substr(0, 16) + second.substr(16)), Hresult::kDisconnected);
}

TEST_F(JobTokenTest, ReleaseEndsAHandleAndOnlyItsAcquirerMay) {
  const Caller fetcher = As(kFetcher);
  const std::string handle = Handle(fetcher, Create(fetcher), kAlice);
  EXPECT_EQ(DetailOf(jobs().Release(As(kAlice), handle)).rule, "handle_release_by_another");
  EXPECT_TRUE(jobs().Release(fetcher, handle).ok());
  EXPECT_EQ(HresultOf(jobs().Release(fetcher, handle)), Hresult::kDisconnected);
}

TEST_F(JobTokenTest, TenThousandRequestsForHandlesEndAtSixteen) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  size_t given = 0;
  for (int i = 0; i < 10000; ++i) given += jobs().QueryInterface(fetcher, id, {}).ok() ? 1 : 0;
  EXPECT_EQ(given, 16u);
  EXPECT_EQ(HresultOf(jobs().QueryInterface(fetcher, id, {}).status()), Hresult::kOutOfMemory);
}

TEST_F(JobTokenTest, AnUnusedHandleEnds) {
  options_.handle_idle = absl::ZeroDuration();
  const Caller fetcher = As(kFetcher);
  const std::string handle = Handle(fetcher, Create(fetcher));
  EXPECT_EQ(HresultOf(jobs().GetHelperTokenFlags(fetcher, handle).status()),
            Hresult::kDisconnected);
}

TEST_F(JobTokenTest, AStrangerGetsNoHandle) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const auto handle = jobs().QueryInterface(As(kMallory), id, {});
  EXPECT_EQ(DetailOf(handle.status()).rule, "job_access");
}

TEST_F(JobTokenTest, AnAdministratorsTokenNeverMeetsAnUnelevatedJobInEitherOrder) {
  const Caller fetcher = As(kFetcher);
  const Caller admin = As(kAdmin);
  const JobId id = Create(fetcher);
  const std::string owners = Handle(fetcher, id);
  const std::string admins = Handle(admin, id);
  EXPECT_EQ(DetailOf(SetToken(admin, owners).Get().status()).rule,
            "admin_token_needs_administrator");
  EXPECT_EQ(DetailOf(SetToken(admin, admins).Get().status()).rule, "admin_token_on_unelevated_job");
  ASSERT_TRUE(SetFlags(fetcher, owners, kTokenLocalFile).Get().ok());
  EXPECT_FALSE(SetToken(admin, admins).Get().ok());
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
}

TEST_F(JobTokenTest, FlagsAreJudgedAgainstTheTokenWhoseCommitIsStillUnderWay) {
  const Caller admin = As(kAdmin);
  const JobId id = Create(admin);
  const std::string handle = Handle(admin, id);
  store_.Hold();
  const auto set = SetToken(admin, handle);
  const auto flags = SetFlags(admin, handle, kTokenLocalFile);
  store_.ReleaseAll();
  EXPECT_TRUE(set.Get().ok());
  EXPECT_TRUE(flags.Get().ok());
  EXPECT_EQ(View(admin, id).token_sid, kAdmin);
}

TEST_F(JobTokenTest, AnElevatedJobWhoseOwnerIsNoLongerAnAdministratorOpensNothing) {
  const Caller admin = As(kAdmin);
  const JobId id = Create(admin);
  ASSERT_TRUE(AddFile(admin, id).ok());
  AddAccount(kAdmin, "admin", 61004, false);
  ASSERT_TRUE(Resume(admin, id).ok());
  EXPECT_TRUE(transfers_.runs().empty());
  EXPECT_EQ(View(admin, id).record->error->rule, "owner_not_administrator");
}

TEST_F(JobTokenTest, CancelUsesTheHelpersIdentityOnceMoreForItsTemporaryFiles) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  FinishDownload();
  transfers_.KeepFilesAtCleanup();
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  const auto outcome = cancelled.Get();
  EXPECT_EQ(outcome->hresult, Hresult::kUnableToDeleteFiles);
  ASSERT_EQ(transfers_.cleanups().size(), 1u);
  ASSERT_EQ(transfers_.cleanups()[0].identities.size(), 2u);
  EXPECT_EQ(transfers_.cleanups()[0].identities[0].sid, kAlice);
  EXPECT_EQ(transfers_.cleanups()[0].identities[1].sid, kFetcher);
  EXPECT_EQ(View(fetcher, id).record->abandoned.size(), 1u);
  EXPECT_EQ(View(fetcher, id).token_sid, std::nullopt);
}

TEST_F(JobTokenTest, AWithdrawalStopsComplete) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenLocalFile).Get().ok());
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  FinishDownload();
  Reply<absl::StatusOr<JobOutcome>> completed;
  jobs().Complete(fetcher, id, completed.Callback());
  ASSERT_EQ(transfers_.active(), 1u);
  ASSERT_TRUE(ClearToken(As(kAlice), handle).Get().ok());
  EXPECT_EQ(transfers_.active(), 0u);
  EXPECT_EQ(HresultOf(completed.Get().status()), Hresult::kTokenRequired);
  EXPECT_EQ(View(fetcher, id).state, JobState::kTransferred);
}

}  // namespace
}  // namespace bitsd
