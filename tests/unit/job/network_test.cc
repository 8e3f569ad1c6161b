// Who a job is on the network: owner or helper, directory or delegated, and over whose connections.

#include "tests/unit/job/network_fixture.h"

namespace bitsd {
namespace {

class JobNetworkTest : public NetworkFixture {
 protected:
  /// A job of fetcher's with implicit credentials, the NETWORK flag, and a handle for alice.
  struct Lent {
    JobId id;
    std::string handle;
  };
  Lent ReadyForHelper() {
    const Caller fetcher = As(kFetcher);
    const JobId id = Create(fetcher, "job", JobPriority::kForeground);
    EXPECT_TRUE(Set(fetcher, id, Implicit()).Get().ok());
    EXPECT_TRUE(AddFile(fetcher, id).ok());
    const std::string handle = Handle(fetcher, id, kAlice);
    EXPECT_TRUE(SetFlags(fetcher, handle, kTokenNetwork).Get().ok());
    return {id, handle};
  }
  Lent RunningForHelper() {
    Lent job = ReadyForHelper();
    EXPECT_TRUE(Delegate(AsDelegating(kAlice), job.handle, "alice@R").Get().ok());
    EXPECT_TRUE(Resume(As(kFetcher), job.id).ok());
    return job;
  }
  JobId Elevated() {
    const Caller admin = As(kAdmin);
    const JobId id = Create(admin);
    EXPECT_TRUE(Set(admin, id, Implicit()).Get().ok());
    EXPECT_TRUE(AddFile(admin, id).ok());
    EXPECT_TRUE(Resume(admin, id).ok());
    return id;
  }
};

TEST_F(JobNetworkTest, WithoutImplicitCredentialsNobodyIsShown) {
  Running(As(kFetcher));
  EXPECT_EQ(Network().identity, nullptr);
  RunningWith(Explicit(), JobPriority::kForeground);
  EXPECT_EQ(Network().identity, nullptr);
}

TEST_F(JobNetworkTest, TheOwnerIsShownAsTheDirectorySays) {
  RunningWith(Implicit());
  EXPECT_EQ(NameOf(Network().identity), kFetcher.ToString() + " fetcher@R");
}

TEST_F(JobNetworkTest, AnElevatedJobShowsTheFullSideOfItsOwner) {
  Elevated();
  EXPECT_EQ(NameOf(Network().identity), kAdmin.ToString() + " admin@R");
}

TEST_F(JobNetworkTest, AnyOtherJobOfAnAdministratorShowsTheFilteredSide) {
  Caller admin = As(kAdmin);
  auto filtered = std::make_shared<AccessToken>(*admin.token);
  filtered->groups = {{kAdministratorsSid, kGroupUseForDenyOnly}};
  filtered->filtered = true;
  admin.token = filtered;
  const JobId id = Create(admin);
  ASSERT_TRUE(Set(admin, id, Implicit()).Get().ok());
  ASSERT_TRUE(AddFile(admin, id).ok());
  ASSERT_TRUE(Resume(admin, id).ok());
  EXPECT_EQ(NameOf(Network().identity), kAdmin.ToString() + " admin-low@R");
}

TEST_F(JobNetworkTest, AHelperIsShownAsTheDirectorySaysOrAsItDelegates) {
  const Lent job = ReadyForHelper();
  ASSERT_TRUE(SetToken(As(kAlice), job.handle).Get().ok());
  ASSERT_TRUE(Resume(As(kFetcher), job.id).ok());
  EXPECT_EQ(NameOf(Network().identity), kAlice.ToString() + " alice@R");
  EXPECT_TRUE(Network().context.ends_with(kHelperNetworkContext));
  EXPECT_EQ(Network().http.owner->sid, kFetcher) << "the client certificate is the owner's, always";
  ASSERT_TRUE(Delegate(AsDelegating(kAlice), job.handle, "alice@R").Get().ok());
  EXPECT_EQ(NameOf(Network().identity), "delegated alice@R");
}

TEST_F(JobNetworkTest, WithoutTheFlagTheOwnerIsShownThoughAHelperLent) {
  const Lent job = RunningForHelper();
  ASSERT_TRUE(SetFlags(As(kFetcher), job.handle, 0).Get().ok());
  EXPECT_EQ(NameOf(Network().identity), kFetcher.ToString() + " fetcher@R");
}

TEST_F(JobNetworkTest, AFlagWithoutATokenNeverFallsBackToTheOwner) {
  const Lent job = ReadyForHelper();
  ASSERT_TRUE(Resume(As(kFetcher), job.id).ok());
  EXPECT_EQ(View(As(kFetcher), job.id).record->error->hresult, Hresult::kTokenRequired);
  EXPECT_TRUE(transfers_.runs().empty());
}

TEST_F(JobNetworkTest, AFlagThatComesInMidTransferTakesTheOwnerOffTheNetwork) {
  const JobId id = RunningWith(Implicit());
  const Caller fetcher = As(kFetcher);
  ASSERT_TRUE(SetFlags(fetcher, Handle(fetcher, id), kTokenNetwork).Get().ok());
  EXPECT_TRUE(transfers_.last()->stop_requested);
  EXPECT_EQ(transfers_.runs().size(), 1u);
  EXPECT_EQ(View(fetcher, id).record->error->hresult, Hresult::kTokenRequired);
}

TEST_F(JobNetworkTest, RefreshedTicketsAreTakenUp) {
  const Lent job = RunningForHelper();
  const NetworkIdentityPtr before = Network().identity;
  ASSERT_TRUE(Delegate(AsDelegating(kAlice), job.handle, "alice@R").Get().ok());
  EXPECT_NE(Network().identity, before);
  EXPECT_EQ(transfers_.active(), 1u);
}

TEST_F(JobNetworkTest, AnotherPrincipalOfTheSameLenderIsAnotherIdentity) {
  const Caller admin = As(kAdmin);
  const JobId id = Elevated();
  const std::string handle = Handle(admin, id, kAlice);
  ASSERT_TRUE(Delegate(AsDelegating(kAlice), handle, "alice@R").Get().ok());
  ASSERT_TRUE(SetFlags(admin, handle, kTokenNetwork).Get().ok());
  const auto run = transfers_.last();
  ASSERT_EQ(NameOf(run->download.network.identity), "delegated alice@R");
  store_.Hold();
  const auto lent = Delegate(AsDelegating(kAlice), handle, "alice/admin@R");
  EXPECT_TRUE(run->stop_requested) << "the first one is withdrawn before the commit";
  store_.ReleaseAll();
  ASSERT_TRUE(lent.Get().ok());
  EXPECT_EQ(NameOf(Network().identity), "delegated alice/admin@R");
}

TEST_F(JobNetworkTest, DelegationIsJudgedBeforeAnythingIsParsed) {
  const Lent job = ReadyForHelper();
  EXPECT_EQ(DetailOf(Delegate(As(kAlice), job.handle, "alice@R").Get().status()).hresult,
            Hresult::kInvalidArgument);
  EXPECT_EQ(DetailOf(Delegate(AsDelegating(kAlice), job.handle, "").Get().status()).hresult,
            Hresult::kInvalidArgument);
  EXPECT_EQ(DetailOf(Delegate(AsDelegating(kMallory), job.handle, "x").Get().status()).rule,
            "handle_bound_to_another");
  EXPECT_EQ(identities_.taken(), 0u);
}

TEST_F(JobNetworkTest, ForeignAndBrokenCredentialsAreRefusedAndLeaveTheTokenAsItWas) {
  const Lent job = RunningForHelper();
  const auto run = transfers_.last();
  EXPECT_EQ(DetailOf(Delegate(AsDelegating(kAlice), job.handle, "bob@R").Get().status()).rule,
            "foreign_principal");
  EXPECT_EQ(DetailOf(Delegate(AsDelegating(kAlice), job.handle, "garbage").Get().status()).hresult,
            Hresult::kInvalidArgument);
  EXPECT_EQ(transfers_.last(), run);
  EXPECT_FALSE(run->stop_requested);
}

TEST_F(JobNetworkTest, APrincipalMarkedAdministratorCountsAsOne) {
  const Lent job = ReadyForHelper();
  EXPECT_EQ(
      DetailOf(Delegate(AsDelegating(kAlice), job.handle, "alice/admin@R").Get().status()).rule,
      "admin_token_needs_administrator");
  const std::string handle = Handle(As(kAdmin), job.id, kAlice);
  EXPECT_EQ(DetailOf(Delegate(AsDelegating(kAlice), handle, "alice/admin@R").Get().status()).rule,
            "admin_token_on_unelevated_job");
}

TEST_F(JobNetworkTest, FlagsAreJudgedByThePrincipalOfTheTokenThatIsSet) {
  const Caller admin = As(kAdmin);
  const JobId id = Elevated();
  const std::string handle = Handle(admin, id, kAlice);
  ASSERT_TRUE(Delegate(AsDelegating(kAlice), handle, "alice/admin@R").Get().ok());
  EXPECT_TRUE(SetFlags(admin, handle, kTokenNetwork).Get().ok());
}

TEST_F(JobNetworkTest, WhatEndsWhileTheCacheIsParsedEndsTheCall) {
  const Lent job = ReadyForHelper();
  identities_.Hold();
  const Caller alice = AsDelegating(kAlice);
  const auto lent = Delegate(alice, job.handle, "alice@R");
  alice.session->Close();
  identities_.Release();
  EXPECT_FALSE(lent.Get().ok());
  EXPECT_FALSE(View(As(kFetcher), job.id).token_sid.has_value());
}

TEST_F(JobNetworkTest, AnAccountThatChangesWhileTheCacheIsParsedLendsNothing) {
  const Lent job = ReadyForHelper();
  identities_.Hold();
  const auto lent = Delegate(AsDelegating(kAlice), job.handle, "alice@R");
  Account account = *accounts_.Find(kAlice);
  account.network.delegated.clear();
  accounts_.Put(account);
  identities_.Release();
  EXPECT_EQ(DetailOf(lent.Get().status()).rule, "token_ended");
  EXPECT_FALSE(View(As(kFetcher), job.id).token_sid.has_value());
}

TEST_F(JobNetworkTest, DelegatedCredentialsGoWithTheToken) {
  const Lent job = RunningForHelper();
  std::weak_ptr<NetworkIdentity> identity = Network().identity;
  ASSERT_TRUE(ClearToken(As(kAlice), job.handle).Get().ok());
  // The scripted transfers remember every task: theirs is the last reference.
  EXPECT_TRUE(Eventually([&] { return identity.use_count() == 1; }));
}

TEST_F(JobNetworkTest, DelegatedCredentialsDoNotWaitForAStoreThatHangs) {
  const Lent job = RunningForHelper();
  std::weak_ptr<NetworkIdentity> identity = Network().identity;
  store_.Hold();
  const auto cleared = ClearToken(As(kAlice), job.handle);
  EXPECT_TRUE(Eventually([&] { return identity.use_count() == 1; }));
  EXPECT_FALSE(cleared.ready());
  store_.ReleaseAll();
  EXPECT_TRUE(cleared.Get().ok());
}

TEST_F(JobNetworkTest, ConnectionsAreSharedOnlyWhereNothingOfTheJobsOwnIsShown) {
  const auto context = [&](JobCredential credential) {
    RunningWith(std::move(credential), JobPriority::kForeground);
    return Network().context;
  };
  const std::string implicit = context(Implicit());
  EXPECT_EQ(context(Implicit()), implicit);
  EXPECT_NE(context(Explicit()), context(Explicit()));
  Running(As(kFetcher), JobPriority::kForeground);
  EXPECT_NE(Network().context, implicit) << "an authenticated connection is not for everybody";
}

TEST_F(JobNetworkTest, AnotherPrincipalInTheDirectoryHasConnectionsOfItsOwn) {
  RunningWith(Implicit());
  const std::string before = Network().context;
  Account account = *accounts_.Find(kFetcher);
  account.network.kerberos->principal = "other@R";
  accounts_.Put(account);
  jobs().OnAccountsChanged({});
  EXPECT_EQ(NameOf(Network().identity), kFetcher.ToString() + " other@R");
  EXPECT_NE(Network().context, before);
}

TEST_F(JobNetworkTest, ConnectionsOfAReplacedCredentialAreNotUsedAgain) {
  const JobId id = RunningWith(Explicit("old"));
  const std::string before = Network().context;
  ASSERT_TRUE(Set(As(kFetcher), id, Explicit("new")).Get().ok());
  EXPECT_NE(Network().context, before);
}

TEST_F(JobNetworkTest, WeakenedVerificationHasConnectionsOfItsOwn) {
  Running(As(kFetcher), JobPriority::kForeground);
  const std::string strict = Network().context;
  const JobId id = Running(As(kFetcher), JobPriority::kForeground);
  JobUpdate update;
  update.security_flags = kSslIgnoreName;
  ASSERT_TRUE(Update(As(kFetcher), id, update).ok());
  EXPECT_NE(Network().context, strict);
}

TEST_F(JobNetworkTest, ACertificateBesideTheNetworkFlagIsAnErrorOfTheJob) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const std::string handle = Handle(fetcher, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  ASSERT_TRUE(SetCertificate(fetcher, id).Get().ok());
  ASSERT_EQ(transfers_.active(), 1u);
  ASSERT_TRUE(SetFlags(fetcher, handle, kTokenNetwork).Get().ok()) << "the call does not fail";
  EXPECT_EQ(transfers_.active(), 0u);
  const JobView job = View(fetcher, id);
  EXPECT_EQ(job.state, JobState::kError);
  EXPECT_EQ(static_cast<uint32_t>(job.record->error->hresult), 0x80072F9Au);
  EXPECT_EQ(job.record->error->context, ErrorContext::kGeneralTransport);
  ASSERT_TRUE(RemoveCertificate(fetcher, id).Get().ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  EXPECT_EQ(transfers_.active(), 1u);
}

TEST_F(JobNetworkTest, AJobThatNoLongerRunsKeepsCertificateAndFlag) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(SetFlags(fetcher, Handle(fetcher, id), kTokenNetwork).Get().ok());
  ASSERT_TRUE(SetCertificate(fetcher, id).Get().ok());
  EXPECT_EQ(View(fetcher, id).state, JobState::kSuspended) << "it does not want to connect";
}

TEST_F(JobNetworkTest, AJobWhoseTicketsHaveEndedWaitsForTheToken) {
  const Lent job = RunningForHelper();
  TransferFailure ended = {{}, true};
  ended.error.context = ErrorContext::kRemoteFile;
  ended.error.hresult = Hresult::kTokenRequired;
  transfers_.last()->events->OnFailed(ended);
  const JobView waiting = View(As(kFetcher), job.id);
  EXPECT_EQ(waiting.state, JobState::kTransientError);
  EXPECT_EQ(waiting.waiting_for, WaitingFor::kToken);
  EXPECT_TRUE(waiting.record->error->next_retry.has_value());
  ASSERT_TRUE(Delegate(AsDelegating(kAlice), job.handle, "alice@R").Get().ok());
  EXPECT_EQ(View(As(kFetcher), job.id).state, JobState::kConnecting) << "it goes on at once";
}

TEST_F(JobNetworkTest, TheWaitForTicketsEndsWithTheNoProgressTimeout) {
  const Lent job = RunningForHelper();
  JobUpdate update;
  update.no_progress_timeout = absl::ZeroDuration();
  ASSERT_TRUE(Update(As(kFetcher), job.id, update).ok());
  TransferFailure ended = {{}, true};
  ended.error.hresult = Hresult::kTokenRequired;
  transfers_.last()->events->OnFailed(ended);
  EXPECT_EQ(View(As(kFetcher), job.id).state, JobState::kError);
  EXPECT_EQ(View(As(kFetcher), job.id).waiting_for, WaitingFor::kToken);
}

}  // namespace
}  // namespace bitsd
