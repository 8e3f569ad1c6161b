// Logon sessions, the limits of a loan and revocation, through the real bitsd and a real web
// server.

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "bits/v1/session.grpc.pb.h"
#include "bits/v1/token_options.grpc.pb.h"
#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

namespace v1 = bits::v1;

using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kLocalFile = 1;
constexpr size_t kSlowFile = 30'000'000;

class SessionTest : public BitsdTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.config = "sessions: {min_ttl: 1s}\nlifetimes: {token_warning: 2s}\n";
    return options;
  }
  std::string WebDirectives() override {
    return "RedirectMatch 302 \"^/away/(.*)\" \"http://localhost:${PORT}/$1\"\n";
  }

  /// The service as `name` sees it, without the client library.
  struct Raw {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Sessions::Stub> sessions = v1::Sessions::NewStub(channel);
    std::unique_ptr<v1::BitsTokenOptions::Stub> tokens = v1::BitsTokenOptions::NewStub(channel);
  };
  Raw RawOf(std::string_view name) {
    const CertificateFiles files = bitsd().pki().Of(name);
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ReadFile(bitsd().pki().roots());
    options.pem_cert_chain = ReadFile(files.certificate);
    options.pem_private_key = ReadFile(files.key);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return {
        grpc::CreateCustomChannel(bitsd().endpoint(), grpc::SslCredentials(options), arguments)};
  }
  static void Prepare(grpc::ClientContext& context, const std::string& session = "") {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (!session.empty()) context.AddMetadata("bits-session-id", session);
  }
  static std::string Logon(const Raw& who, int64_t ttl) {
    grpc::ClientContext context;
    Prepare(context);
    v1::LogonRequest request;
    request.mutable_ttl()->set_seconds(ttl);
    v1::LogonResponse response;
    const grpc::Status status = who.sessions->Logon(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.session_id();
  }
  static grpc::Status Logoff(const Raw& who, const std::string& session) {
    grpc::ClientContext context;
    Prepare(context);
    v1::LogoffRequest request;
    request.set_session_id(session);
    v1::LogoffResponse response;
    return who.sessions->Logoff(&context, request, &response);
  }
  static grpc::Status Lend(const Raw& who, const bits::Handle& handle, const std::string& session,
                           const v1::TokenScope* scope = nullptr) {
    grpc::ClientContext context;
    Prepare(context, session);
    v1::SetHelperTokenRequest request;
    request.set_handle(handle.bytes());
    if (scope != nullptr) *request.mutable_scope() = *scope;
    v1::SetHelperTokenResponse response;
    return who.tokens->SetHelperToken(&context, request, &response);
  }

  /// A job of fetcher that writes `file` into alice's folder, with flags and not yet resumed.
  std::string JobFor(std::string_view file, std::string_view name = "file") {
    const std::string job = CreateJob(*fetcher_);
    handle_ = HandleFor(*fetcher_, job, "alice");
    EXPECT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, kLocalFile).ok());
    EXPECT_TRUE(AddFile(*fetcher_, job, file, PathOf(name)).ok());
    return job;
  }
  std::string PathOf(std::string_view name) { return FolderOf("alice") + "/" + std::string(name); }
  /// Bytes in temporary files of alice's folder.
  uintmax_t TemporaryBytes() {
    uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(FolderOf("alice"))) {
      bytes += entry.file_size();
    }
    return bytes;
  }

  void SetUp() override {
    BitsdTest::SetUp();
    if (!IsSkipped()) fetcher_ = As("fetcher");
  }

  std::optional<bits::Client> fetcher_;
  std::optional<bits::Handle> handle_;
};

TEST_F(SessionTest, AHelpersLogoffStopsTheTransferAndBothRecoveriesWork) {
  const Raw alice = RawOf("alice");
  const std::string content = web().PutRandom("file", kSlowFile);
  for (const bool lend_again : {true, false}) {
    const std::string session = Logon(alice, 60);
    const std::string job = JobFor("slow/file", lend_again ? "a" : "b");
    ASSERT_TRUE(Lend(alice, *handle_, session).ok());
    ASSERT_TRUE(fetcher_->Resume(job).ok());
    ASSERT_TRUE(WaitFor([&] { return TemporaryBytes() > 0; }));
    ASSERT_TRUE(Logoff(alice, session).ok());
    const uintmax_t bytes = TemporaryBytes();
    const v1::Job failed = *fetcher_->GetJob(job);
    EXPECT_EQ(failed.state(), v1::JOB_STATE_ERROR);
    EXPECT_EQ(failed.error().hresult(), 0x80200056u);
    EXPECT_FALSE(failed.has_helper_token_sid());
    EXPECT_EQ(TemporaryBytes(), bytes) << "nothing is written once Logoff has returned";
    if (lend_again) {
      ASSERT_TRUE(Lend(alice, *handle_, Logon(alice, 60)).ok());
      ASSERT_TRUE(fetcher_->Resume(job).ok());
      WaitForState(*fetcher_, job, v1::JOB_STATE_TRANSFERRING);
      ASSERT_TRUE(fetcher_->Cancel(job).ok());
    } else {
      ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, 0).ok());
      ASSERT_TRUE(fetcher_->Resume(job).ok());
      const v1::Job owners = WaitForState(*fetcher_, job, v1::JOB_STATE_ERROR);
      EXPECT_EQ(owners.error().rule(), "not_permitted") << "as its owner from now on";
    }
  }
  EXPECT_THAT(bitsd().AwaitAudit("helper_token_discarded", 2)[0].value("reason", ""), "logoff");
}

TEST_F(SessionTest, ALeaseThatRunsOutDiscardsTheTokenByItself) {
  const Raw alice = RawOf("alice");
  web().PutRandom("file", kSlowFile);
  const std::string job = JobFor("slow/file");
  ASSERT_TRUE(Lend(alice, *handle_, Logon(alice, 1)).ok());
  ASSERT_TRUE(fetcher_->Resume(job).ok());
  const v1::Job failed = WaitForState(*fetcher_, job, v1::JOB_STATE_ERROR);
  EXPECT_EQ(failed.error().reason(), "BG_E_TOKEN_REQUIRED");
  EXPECT_EQ(bitsd().AwaitAudit("session_ended", 1)[0].value("reason", ""), "expired");
}

TEST_F(SessionTest, KeepAliveKeepsALeaseAndItsToken) {
  const Raw alice = RawOf("alice");
  web().PutRandom("file", 3'000'000);
  const std::string job = JobFor("slow/file");
  const std::string session = Logon(alice, 1);
  grpc::ClientContext context;
  Prepare(context);
  v1::KeepAliveRequest request;
  request.set_session_id(session);
  const auto reader = alice.sessions->KeepAlive(&context, request);
  v1::KeepAliveResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_TRUE(Lend(alice, *handle_, session).ok());
  ASSERT_TRUE(fetcher_->Resume(job).ok());
  int beats = 0;
  while (fetcher_->GetJob(job)->state() != v1::JOB_STATE_TRANSFERRED && beats < 60) {
    ASSERT_TRUE(reader->Read(&response)) << reader->Finish().error_message();
    ++beats;
  }
  EXPECT_GE(beats, 3) << "three seconds by a lease of one";
  WaitForState(*fetcher_, job, v1::JOB_STATE_TRANSFERRED);
  context.TryCancel();
}

TEST_F(SessionTest, AnOwnersJobWaitsForItsLogonAndGoesOn) {
  const bits::Client admin = As("admin");
  web().PutRandom("file", kSlowFile);
  const std::string job = CreateJob(*fetcher_);
  ASSERT_TRUE(AddFile(*fetcher_, job, "slow/file", FolderOf("fetcher") + "/f").ok());
  ASSERT_TRUE(fetcher_->Resume(job).ok());
  WaitForState(*fetcher_, job, v1::JOB_STATE_TRANSFERRING);
  ASSERT_TRUE(Logoff(RawOf("fetcher"), "").ok());
  const v1::Job waiting = *admin.GetJob(job);
  EXPECT_EQ(waiting.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(waiting.waiting_for(), v1::WAITING_FOR_LOGON);
  ASSERT_TRUE(fetcher_->GetServerInfo().ok()) << "a call is a logon";
  WaitForState(admin, job, v1::JOB_STATE_TRANSFERRING);
}

TEST_F(SessionTest, AnAdministratorReportsALogoff) {
  const Raw alice = RawOf("alice");
  web().PutRandom("file", 1'000);
  const std::string job = JobFor("file");
  const std::string session = Logon(alice, 60);
  ASSERT_TRUE(Lend(alice, *handle_, session).ok());
  const Raw admin = RawOf("admin");
  grpc::ClientContext context;
  Prepare(context);
  v1::ListSessionsRequest request;
  request.set_all_users(true);
  v1::ListSessionsResponse sessions;
  ASSERT_TRUE(admin.sessions->ListSessions(&context, request, &sessions).ok());
  std::vector<std::string> of_alice;
  for (const v1::Session& open : sessions.sessions()) {
    if (open.user_sid() != Demo("alice").sid) continue;
    of_alice.push_back(open.session_id());
    EXPECT_EQ(open.helper_tokens(), 1u);
  }
  EXPECT_THAT(of_alice, testing::ElementsAre(session));
  ASSERT_TRUE(Logoff(admin, session).ok());
  EXPECT_EQ(fetcher_->GetJob(job)->state(), v1::JOB_STATE_ERROR);
}

TEST_F(SessionTest, ALoanForOtherFoldersAndHostsIsNotUsedNorIsTheOwnerInstead) {
  const Raw alice = RawOf("alice");
  web().PutRandom("file", 1'000);
  const auto run = [&](const v1::TokenScope& scope, std::string_view url) {
    const std::string job = JobFor(url);
    EXPECT_TRUE(Lend(alice, *handle_, "", &scope).ok());
    EXPECT_TRUE(fetcher_->Resume(job).ok());
    return job;
  };
  v1::TokenScope folder;
  folder.add_local_roots(FolderOf("alice") + "x");
  v1::Job job = WaitForState(*fetcher_, run(folder, "file"), v1::JOB_STATE_ERROR);
  EXPECT_EQ(job.error().rule(), "token_scope");
  EXPECT_EQ(job.error().reason(), "E_ACCESSDENIED");
  EXPECT_EQ(job.error().file_index(), 0u);
  EXPECT_EQ(job.helper_token_scope().local_roots(0), folder.local_roots(0));

  v1::TokenScope host;
  host.add_hosts("127.0.0.1");
  const std::string away = run(host, "away/file");
  job = WaitForState(*fetcher_, away, v1::JOB_STATE_ERROR);
  EXPECT_EQ(job.error().rule(), "token_scope") << job.error().message();

  v1::TokenScope elsewhere;
  elsewhere.add_hosts("files.example");
  job = WaitForState(*fetcher_, run(elsewhere, "file"), v1::JOB_STATE_ERROR);
  EXPECT_EQ(job.error().rule(), "token_scope");

  v1::TokenScope covered;
  covered.add_local_roots(FolderOf("alice"));
  covered.add_hosts("127.0.0.1");
  covered.set_usage_flags(kLocalFile);
  const std::string good = run(covered, "moved/file");
  WaitForState(*fetcher_, good, v1::JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Complete(good).ok());
  EXPECT_EQ(OwnerOf(PathOf("file")), Demo("alice").uid);
}

TEST_F(SessionTest, TheEndOfALoanIsAnnounced) {
  const Raw alice = RawOf("alice");
  web().PutRandom("file", 1'000);
  const std::string job = JobFor("file");
  v1::TokenScope scope;
  const auto end = std::chrono::system_clock::now() + std::chrono::milliseconds(2500);
  scope.mutable_max_expire_time()->set_seconds(std::chrono::system_clock::to_time_t(end) + 1);
  ASSERT_TRUE(Lend(alice, *handle_, "", &scope).ok());
  EXPECT_FALSE(fetcher_->GetJob(job)->helper_token_expires_soon());
  EXPECT_TRUE(WaitFor([&] { return fetcher_->GetJob(job)->helper_token_expires_soon(); }));
  EXPECT_TRUE(fetcher_->GetJob(job)->has_helper_token_sid());
  EXPECT_TRUE(WaitFor([&] { return !fetcher_->GetJob(job)->has_helper_token_sid(); }));
  EXPECT_EQ(bitsd().AwaitAudit("helper_token_expires_soon", 1).size(), 1u);
}

TEST_F(SessionTest, NoHandleIsWrittenAnywhere) {
  const Raw alice = RawOf("alice");
  const std::string job = JobFor("file");
  ASSERT_TRUE(Lend(alice, *handle_, "").ok());
  EXPECT_FALSE(Lend(RawOf("mallory"), *handle_, "").ok());
  ASSERT_TRUE(Logoff(alice, "").ok());
  ASSERT_TRUE(fetcher_->Cancel(job).ok());
  bitsd().AwaitAudit("job_cancelled", 1);
  ASSERT_TRUE(bitsd().Stop().ok());
  // The second half is the secret; the first is the job's id.
  const std::string secret = handle_->bytes().substr(16);
  const std::string hex = handle_->ToHex().substr(32);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bitsd().folder().path())) {
    if (!entry.is_regular_file()) continue;
    const std::string text = ReadFile(entry.path());
    EXPECT_THAT(text, Not(HasSubstr(secret))) << entry.path();
    EXPECT_THAT(text, Not(HasSubstr(hex))) << entry.path();
  }
  ASSERT_TRUE(bitsd().StartAgain().ok());
}

class RevocationTest : public SessionTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.revocation_lists = true;
    return options;
  }
};

TEST_F(RevocationTest, ARevokedCertificateIsNobodyAndItsTokensEnd) {
  const Raw alice = RawOf("alice");
  web().PutRandom("file", kSlowFile);
  const std::string job = JobFor("slow/file");
  const std::string session = Logon(alice, 60);
  ASSERT_TRUE(Lend(alice, *handle_, session).ok());
  ASSERT_TRUE(fetcher_->Resume(job).ok());
  ASSERT_TRUE(WaitFor([&] { return TemporaryBytes() > 0; }));
  grpc::ClientContext context;
  Prepare(context);
  v1::KeepAliveRequest request;
  request.set_session_id(session);
  const auto reader = alice.sessions->KeepAlive(&context, request);
  v1::KeepAliveResponse response;
  ASSERT_TRUE(reader->Read(&response));

  ASSERT_TRUE(bitsd().Revoke("alice").ok());
  const v1::Job failed = WaitForState(*fetcher_, job, v1::JOB_STATE_ERROR);
  EXPECT_EQ(failed.error().reason(), "BG_E_TOKEN_REQUIRED");
  EXPECT_EQ(bitsd().AwaitAudit("helper_token_discarded", 1)[0].value("reason", ""),
            "certificate_revoked");
  while (reader->Read(&response)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const grpc::Status refused = Lend(alice, *handle_, "");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(refused.error_message(), HasSubstr("revoked"));
  EXPECT_TRUE(As("bob").GetServerInfo().ok());
}

}  // namespace
}  // namespace bitsd::tests
