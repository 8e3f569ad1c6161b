// Credentials, client certificate, proxies and flags of a job: who sets them, what is shown, and
// what a running transfer does when they change.

#include <algorithm>

#include "tests/unit/job/network_fixture.h"

namespace bitsd {
namespace {

class JobCredentialsTest : public NetworkFixture {};

TEST_F(JobCredentialsTest, TheOwnerSetsThemAndTheTransferGetsThem) {
  RunningWith(Explicit());
  ASSERT_NE(Network().http.settings, nullptr);
  EXPECT_EQ(Network().http.settings->credentials, std::vector<JobCredential>{Explicit()});
  EXPECT_EQ(Network().http.owner->sid, kFetcher);
}

TEST_F(JobCredentialsTest, AnAdministratorMayOpenTheJobAndNotSetItsSecrets) {
  const JobId id = Create(As(kFetcher));
  const Caller admin = As(kAdmin);
  EXPECT_EQ(DetailOf(Set(admin, id, Explicit()).Get().status()).rule, "owner_only");
  EXPECT_EQ(DetailOf(Remove(admin, id, AuthScheme::kBasic).Get().status()).rule, "owner_only");
  EXPECT_EQ(DetailOf(SetCertificate(admin, id).Get().status()).rule, "owner_only");
  EXPECT_EQ(DetailOf(RemoveCertificate(admin, id).Get().status()).rule, "owner_only");
  EXPECT_EQ(DetailOf(Set(As(kMallory), id, Explicit()).Get().status()).rule, "job_access");
  JobUpdate update;
  update.security_flags = 0x200;
  EXPECT_TRUE(Update(admin, id, update).ok()) << "proxies and flags are properties";
}

TEST_F(JobCredentialsTest, NobodyButTheOwnerLeadsHerSecretsElsewhere) {
  const Caller admin = As(kAdmin);
  const Caller fetcher = As(kFetcher);
  JobUpdate flags;
  flags.security_flags = 0x2;
  JobUpdate proxy;
  proxy.proxy = ProxyUpdate{ProxyUsage::kOverride, "evil:3128", ""};
  JobUpdate name;
  name.display_name = "named by an administrator";
  for (const bool certificate : {false, true}) {
    const JobId id = Create(fetcher);
    ASSERT_TRUE(certificate ? SetCertificate(fetcher, id).Get().ok()
                            : Set(fetcher, id, Explicit()).Get().ok());
    for (const JobUpdate& update : {flags, proxy}) {
      EXPECT_EQ(DetailOf(Update(admin, id, update).status()).rule, "owner_only");
    }
    EXPECT_EQ(DetailOf(AddFile(admin, id)).rule, "owner_only");
    EXPECT_TRUE(Update(admin, id, name).ok());
    EXPECT_TRUE(Update(fetcher, id, proxy).ok());
    EXPECT_TRUE(AddFile(fetcher, id).ok());
  }
  const JobId implicit = Create(fetcher);
  ASSERT_TRUE(Set(fetcher, implicit, Implicit()).Get().ok());
  EXPECT_TRUE(AddFile(admin, implicit).ok()) << "these go to listed hosts only";
}

TEST_F(JobCredentialsTest, WhoMayNotSetThemIsNotToldWhatWouldBeValid) {
  const JobId id = Create(As(kFetcher));
  JobCredential bad = Explicit();
  bad.scheme = AuthScheme::kPassport;
  EXPECT_EQ(DetailOf(Set(As(kAdmin), id, bad).Get().status()).rule, "owner_only");
  EXPECT_EQ(DetailOf(Set(As(kFetcher), id, bad).Get().status()).hresult, Hresult::kNotImplemented);
}

TEST_F(JobCredentialsTest, AViewSaysThatTheyAreThereAndNoMore) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(Set(fetcher, id, Explicit()).Get().ok());
  const JobView job = *Set(fetcher, id, Implicit(AuthTarget::kProxy)).Get();
  const std::vector<CredentialView> expected = {
      {AuthTarget::kServer, AuthScheme::kBasic, false, CredentialStorage::kMemoryOnly},
      {AuthTarget::kProxy, AuthScheme::kNegotiate, true, CredentialStorage::kStored}};
  EXPECT_EQ(job.credentials, expected);
  EXPECT_EQ(job.record->network, nullptr) << "the secrets were all there was";
}

TEST_F(JobCredentialsTest, TheOwnerAloneSeesWhereTheCertificateIs) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  EXPECT_EQ(SetCertificate(fetcher, id).Get()->client_certificate->key, "/home/c.key");
  EXPECT_TRUE(View(fetcher, id).client_certificate.has_value());
  EXPECT_FALSE(View(As(kAdmin), id).client_certificate.has_value());
  const auto listed = jobs().ListJobs(As(kAdmin), true, 10, "");
  ASSERT_EQ(listed->jobs.size(), 1u);
  EXPECT_FALSE(listed->jobs[0].client_certificate.has_value());
  EXPECT_EQ(listed->jobs[0].record->network, nullptr);
}

TEST_F(JobCredentialsTest, AKeyWithoutAPathIsInTheFileOfTheCertificate) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  Reply<absl::StatusOr<JobView>> reply;
  jobs().SetClientCertificate(fetcher, id, {"/home/both.pem", ""}, reply.Callback());
  EXPECT_EQ(reply.Get()->client_certificate->key, "/home/both.pem");
}

TEST_F(JobCredentialsTest, OneEntryForEachTargetAndScheme) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(Set(fetcher, id, Explicit("first")).Get().ok());
  ASSERT_TRUE(Set(fetcher, id, Implicit()).Get().ok());
  EXPECT_EQ(Set(fetcher, id, Explicit("second")).Get()->credentials.size(), 2u);
  EXPECT_EQ(Remove(fetcher, id, AuthScheme::kBasic).Get()->hresult, Hresult::kOk);
  EXPECT_EQ(Remove(fetcher, id, AuthScheme::kBasic).Get()->hresult, Hresult::kFalse);
  EXPECT_EQ(Remove(fetcher, id, AuthScheme::kNegotiate, AuthTarget::kProxy).Get()->hresult,
            Hresult::kFalse);
  EXPECT_EQ(View(fetcher, id).credentials.size(), 1u);
  EXPECT_EQ(RemoveCertificate(fetcher, id).Get()->hresult, Hresult::kFalse);
  ASSERT_TRUE(SetCertificate(fetcher, id).Get().ok());
  EXPECT_EQ(RemoveCertificate(fetcher, id).Get()->hresult, Hresult::kOk);
}

TEST_F(JobCredentialsTest, AJobThatHasEndedTakesNoneAndHasNone) {
  const JobId id = RunningWith(Explicit());
  const Caller fetcher = As(kFetcher);
  Reply<absl::StatusOr<JobOutcome>> cancelled;
  jobs().Cancel(fetcher, id, cancelled.Callback());
  ASSERT_TRUE(cancelled.Get().ok());
  EXPECT_EQ(memory_.Find(id)->network, nullptr);
  for (const absl::Status& status :
       {Set(fetcher, id, Explicit()).Get().status(), SetCertificate(fetcher, id).Get().status(),
        Remove(fetcher, id, AuthScheme::kBasic).Get().status(),
        RemoveCertificate(fetcher, id).Get().status(), Update(fetcher, id, {}).status()}) {
    EXPECT_EQ(DetailOf(status).hresult, Hresult::kInvalidState);
  }
}

TEST_F(JobCredentialsTest, ARemovedCredentialIsNotSentOnceTheCallHasReturned) {
  const JobId id = RunningWith(Explicit());
  const auto run = transfers_.last();
  transfers_.StopAtOnce(false);
  const auto removed = Remove(As(kFetcher), id, AuthScheme::kBasic);
  EXPECT_TRUE(run->stop_requested);
  EXPECT_FALSE(removed.ready()) << "something may still be sent";
  transfers_.EndStop(run);
  ASSERT_TRUE(removed.Get().ok());
  EXPECT_EQ(transfers_.runs().size(), 2u) << "it goes on without";
  EXPECT_EQ(Network().http.settings, nullptr);
}

TEST_F(JobCredentialsTest, AReplacedCredentialStopsTheTransferBeforeTheNewOneIsStored) {
  const JobId id = RunningWith(Explicit("old"));
  const auto run = transfers_.last();
  store_.Hold();
  const auto replaced = Set(As(kFetcher), id, Explicit("new"));
  EXPECT_TRUE(run->stop_requested) << "the old one is withdrawn at once";
  EXPECT_EQ(transfers_.runs().size(), 1u) << "the new one waits for its commit";
  store_.ReleaseAll();
  ASSERT_TRUE(replaced.Get().ok());
  EXPECT_EQ(Network().http.settings->credentials.front().password.view(), "new");
}

TEST_F(JobCredentialsTest, ARemovalIsInForceThoughTheStoreRefusesIt) {
  const JobId id = RunningWith(Explicit());
  store_.Fail(error::DiskFull("injected"));
  EXPECT_EQ(DetailOf(Remove(As(kFetcher), id, AuthScheme::kBasic).Get().status()).hresult,
            Hresult::kDiskFull);
  EXPECT_EQ(transfers_.active(), 0u);
  ASSERT_EQ(View(As(kFetcher), id).credentials.size(), 1u);
  EXPECT_EQ(View(As(kFetcher), id).credentials[0].storage, CredentialStorage::kLost);
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return memory_.Find(id)->network != nullptr; }));
}

TEST_F(JobCredentialsTest, NothingServesInThePlaceOfACredentialThatWasWithdrawnInVain) {
  const JobId id = RunningWith(Explicit("old"));
  store_.Fail(error::DiskFull("injected"));
  EXPECT_FALSE(Set(As(kFetcher), id, Explicit("new")).Get().ok());
  store_.Fail(absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return transfers_.runs().size() == 2u; }));
  EXPECT_TRUE(Network().http.settings->credentials.empty());
  EXPECT_EQ(Network().http.settings->lost,
            (std::vector<LostCredential>{{AuthTarget::kServer, AuthScheme::kBasic}}));
}

TEST_F(JobCredentialsTest, AFailureOfWhatWasReplacedIsNotItsSuccessors) {
  const JobId id = RunningWith(Explicit("wrong"));
  const auto run = transfers_.last();
  transfers_.StopAtOnce(false);
  const auto replaced = Set(As(kFetcher), id, Explicit("right"));
  TransferFailure refused = {{}, false};
  refused.error.hresult = Hresult::kAccessDenied;
  run->events->OnFailed(refused);
  transfers_.EndStop(run);
  ASSERT_TRUE(replaced.Get().ok());
  EXPECT_EQ(View(As(kFetcher), id).state, JobState::kConnecting);
  EXPECT_EQ(transfers_.runs().size(), 2u);
}

TEST_F(JobCredentialsTest, ARemovedCertificateStopsTheTransfer) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  ASSERT_TRUE(SetCertificate(fetcher, id).Get().ok());
  ASSERT_TRUE(AddFile(fetcher, id).ok());
  ASSERT_TRUE(Resume(fetcher, id).ok());
  const auto run = transfers_.last();
  ASSERT_TRUE(run->download.network.http.settings->client_certificate.has_value());
  ASSERT_TRUE(RemoveCertificate(fetcher, id).Get().ok());
  EXPECT_TRUE(run->stop_requested);
  EXPECT_EQ(Network().http.settings, nullptr);
}

TEST_F(JobCredentialsTest, ANewCredentialIsUsedAtOnceAndNotBeforeItsCommit) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  const auto run = transfers_.last();
  store_.Hold();
  const auto set = Set(fetcher, id, Explicit());
  EXPECT_FALSE(run->stop_requested) << "nothing was withdrawn";
  store_.ReleaseAll();
  ASSERT_TRUE(set.Get().ok());
  EXPECT_TRUE(run->stop_requested);
  EXPECT_EQ(Network().http.settings->credentials.size(), 1u);
}

TEST_F(JobCredentialsTest, OtherProxiesAndFlagsAreUsedOnceTheCallHasReturned) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Running(fetcher);
  JobUpdate update;
  update.proxy = ProxyUpdate{ProxyUsage::kOverride, "p.example:3128", "<local>"};
  update.security_flags = kRedirectDisallow;
  ASSERT_TRUE(Update(fetcher, id, update).ok());
  EXPECT_EQ(transfers_.runs().size(), 2u);
  EXPECT_EQ(Network().http.settings->proxy_list, "p.example:3128");
  EXPECT_EQ(Network().http.settings->security_flags, kRedirectDisallow);
  update.proxy = ProxyUpdate{};
  update.security_flags = 0;
  EXPECT_EQ(Update(fetcher, id, update)->record->network, nullptr);
  JobUpdate name;
  name.display_name = "other";
  ASSERT_TRUE(Update(fetcher, id, name).ok());
  EXPECT_EQ(transfers_.runs().size(), 3u) << "a name disturbs nothing";
}

TEST_F(JobCredentialsTest, AnUpdateThatIsNotValidChangesNothing) {
  const Caller fetcher = As(kFetcher);
  const JobId id = Create(fetcher);
  JobUpdate update;
  update.proxy = ProxyUpdate{ProxyUsage::kAutodetect, "", ""};
  EXPECT_EQ(DetailOf(Update(fetcher, id, update).status()).hresult, Hresult::kNotImplemented);
  update.proxy.reset();
  update.security_flags = 0x20;
  EXPECT_EQ(DetailOf(Update(fetcher, id, update).status()).hresult, Hresult::kNotImplemented);
  EXPECT_EQ(memory_.Find(id)->network, nullptr);
}

TEST_F(JobCredentialsTest, NeitherTheAuditLogNorARememberedAnswerHasTheSecret) {
  const Caller fetcher = As(kFetcher);
  const JobId id = RunningWith(Explicit());
  Reply<absl::StatusOr<JobView>> added;
  const std::string request = "7a0d3c1e-0000-4000-8000-000000000001";
  jobs().AddFiles(fetcher, id, {{"http://192.0.2.1/g", "/d/g"}}, request, added.Callback());
  EXPECT_EQ(added.Get()->record->network, nullptr);
  StoreVisitor visitor;
  visitor.job = [](const JobRecordPtr&) {};
  visitor.session = [](const SessionRecord&) {};
  visitor.request = [](const RequestRecord& kept) { EXPECT_EQ(kept.answer->network, nullptr); };
  ASSERT_TRUE(memory_.Load(visitor).ok());
  EXPECT_EQ(audit_.Values("credentials_set", "implicit"), std::vector<std::string>{"false"});
  for (const char* field : {"caller_sid", "job", "target", "scheme"}) {
    EXPECT_EQ(audit_.Values("credentials_set", field)[0].find(kSecretWord), std::string::npos);
  }
}

}  // namespace
}  // namespace bitsd
