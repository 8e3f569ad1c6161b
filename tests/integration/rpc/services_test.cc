// What calls answer: statuses with their details, watches, health, start and end of the server.
#include "server/rpc/services.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <future>
#include <utility>
#include <vector>

#include "bits/v1/job.grpc.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "bits/v1/token_options.grpc.pb.h"
#include "server/error/errors.h"
#include "server/rpc/watch_limiter.h"
#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

using ::grpc::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace v1 = ::bits::v1;

constexpr char kHealth[] = "/grpc.health.v1.Health/Check";
constexpr char kServing[] = "\x08\x01";  ///< HealthCheckResponse{status: SERVING}.

class RpcServices : public RpcTest {
 protected:
  grpc::Status GetJob(const std::string& id) {
    const auto stub = v1::BackgroundCopyManager::NewStub(client_.channel());
    grpc::ClientContext context;
    SetDeadline(context);
    v1::GetJobRequest request;
    request.set_job_id(id);
    v1::GetJobResponse response;
    return stub->GetJob(&context, request, &response);
  }

  grpc::Status SetHelperToken(const v1::SetHelperTokenRequest& request) {
    const auto stub = v1::BitsTokenOptions::NewStub(client_.channel());
    grpc::ClientContext context;
    SetDeadline(context);
    v1::SetHelperTokenResponse response;
    return stub->SetHelperToken(&context, request, &response);
  }

  const RpcClient client_ = ClientWithSid(kUser);
};

TEST_F(RpcServices, AnErrorOfTheDomainReachesTheClientWithItsDetails) {
  const grpc::Status status = GetJob(JobId::Random().ToString());
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "There is no such job.");
  EXPECT_EQ(InfoOf(status).reason(), "BG_E_NOT_FOUND");
}

TEST_F(RpcServices, ALongErrorStillReachesTheClient) {
  std::string message;
  for (int i = 0; i < 3000; ++i) message += "\xC3\xBC";
  jobs_.answer = error::NotFound(message);
  EXPECT_EQ(GetJob(JobId::Random().ToString()).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RpcServices, AJobIdThatIsNoUuidReachesNoDomain) {
  EXPECT_EQ(InfoOf(GetJob("1")).reason(), "E_INVALIDARG");
  EXPECT_EQ(jobs_.calls, 0);
}

TEST_F(RpcServices, EveryMethodIsImplemented) {
  for (const std::string& path : MethodPaths()) {
    if (path.ends_with("/WatchJobs") || path.ends_with("/KeepAlive")) continue;
    EXPECT_NE(client_.Call(path).error_code(), StatusCode::UNIMPLEMENTED) << path;
  }
}

TEST_F(RpcServices, TheScopeOfALoanReachesTheDomain) {
  tokens_.answer = absl::InternalError("reached");
  v1::SetHelperTokenRequest request;
  request.set_handle(std::string(32, 'h'));
  SetHelperToken(request);
  EXPECT_EQ(tokens_.loan.scope, nullptr);
  EXPECT_EQ(tokens_.loan.end, absl::InfiniteFuture());
  EXPECT_FALSE(tokens_.loan.delegated.has_value());
  request.mutable_delegated_credentials()->set_credential_cache("cache");
  request.mutable_scope()->add_local_roots("/srv/in");
  request.mutable_scope()->add_hosts("*.example");
  request.mutable_scope()->set_usage_flags(1);
  request.mutable_scope()->mutable_max_expire_time()->set_seconds(4'000'000'000);
  SetHelperToken(request);
  ASSERT_NE(tokens_.loan.scope, nullptr);
  EXPECT_EQ(*tokens_.loan.scope, *policy::ParseScope({"/srv/in"}, {"*.example"}, 1));
  EXPECT_EQ(tokens_.loan.end, absl::FromUnixSeconds(4'000'000'000));
  EXPECT_EQ(tokens_.loan.delegated->view(), "cache");
}

TEST_F(RpcServices, ALoanThatIsMalformedIsRefused) {
  const auto reason = [this](const std::function<void(v1::SetHelperTokenRequest&)>& change) {
    v1::SetHelperTokenRequest request;
    request.set_handle(std::string(32, 'h'));
    change(request);
    return InfoOf(SetHelperToken(request)).reason();
  };
  EXPECT_EQ(reason([](auto& r) { r.mutable_scope()->add_local_roots("srv"); }), "E_INVALIDARG");
  EXPECT_EQ(reason([](auto& r) { r.mutable_scope()->add_hosts(""); }), "E_INVALIDARG");
  EXPECT_EQ(reason([](auto& r) { r.mutable_scope()->set_usage_flags(4); }), "E_INVALIDARG");
  EXPECT_EQ(reason([](auto& r) { r.mutable_scope()->mutable_max_expire_time(); }), "E_INVALIDARG");
  EXPECT_EQ(reason([](auto& r) { r.mutable_scope()->mutable_max_expire_time()->set_nanos(-1); }),
            "E_INVALIDARG");
  EXPECT_EQ(tokens_.calls, 0);
}

TEST_F(RpcServices, AHandleOfTheWrongLengthReachesNoDomain) {
  v1::SetHelperTokenRequest request;
  request.set_handle("short");
  EXPECT_EQ(InfoOf(SetHelperToken(request)).reason(), "E_INVALIDARG");
  EXPECT_EQ(tokens_.calls, 0);
  request.set_handle(std::string(32, 'h'));
  EXPECT_EQ(InfoOf(SetHelperToken(request)).reason(), "RPC_E_DISCONNECTED");
}

TEST_F(RpcServices, ServerInfoIsWhatTheServerWasGiven) {
  const auto stub = v1::BackgroundCopyManager::NewStub(client_.channel());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(stub->GetServerInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.version(), "1.2.3");
  EXPECT_EQ(info.policy(), "windows7");
  EXPECT_TRUE(info.identity_switching());
  EXPECT_THAT(info.features(), ElementsAre("http_download"));
}

TEST_F(RpcServices, AnErrorIsDescribedByNameAndSentence) {
  const auto stub = v1::BackgroundCopyManager::NewStub(client_.channel());
  const auto describe = [&](uint32_t hresult, std::string* description) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::GetErrorDescriptionRequest request;
    request.set_hresult(hresult);
    v1::GetErrorDescriptionResponse response;
    grpc::Status status = stub->GetErrorDescription(&context, request, &response);
    *description = response.description();
    return status;
  };
  std::string text;
  EXPECT_TRUE(describe(0x80200056, &text).ok());
  EXPECT_THAT(text, HasSubstr("BG_E_TOKEN_REQUIRED: "));
  EXPECT_TRUE(describe(0x80190194, &text).ok());
  EXPECT_THAT(text, HasSubstr("BG_E_HTTP_ERROR_404"));
  EXPECT_EQ(describe(0x12345678, &text).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RpcServices, HealthIsServingForTheServerAndEveryService) {
  std::vector<std::string> names = ServiceNames();
  names.emplace_back("");
  for (const std::string& name : names) {
    // HealthCheckRequest{service: name}.
    const std::string request =
        name.empty() ? "" : "\x0A" + std::string(1, char(name.size())) + name;
    std::string response;
    EXPECT_TRUE(client_.Call(kHealth, {}, request, &response).ok()) << name;
    EXPECT_EQ(response, kServing) << name;
  }
}

/// An open WatchJobs stream.
class WatchClient {
 public:
  explicit WatchClient(const RpcClient& client)
      : stub_(v1::BackgroundCopyManager::NewStub(client.channel())) {
    SetDeadline(context_);
    reader_ = stub_->WatchJobs(&context_, {});
  }
  ~WatchClient() {
    Cancel();
    if (!finished_) Finish();
  }
  WatchClient(const WatchClient&) = delete;
  WatchClient& operator=(const WatchClient&) = delete;

  /// The kind of the next event, or unspecified at the end.
  v1::WatchJobsResponse::Kind Next() {
    v1::WatchJobsResponse response;
    return reader_->Read(&response) ? response.kind() : v1::WatchJobsResponse::KIND_UNSPECIFIED;
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() {
    finished_ = true;
    return reader_->Finish();
  }

 private:
  bool finished_ = false;
  grpc::ClientContext context_;
  std::unique_ptr<v1::BackgroundCopyManager::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::WatchJobsResponse>> reader_;
};

class RpcWatch : public RpcServices {
 protected:
  RpcWatch() { jobs_.answer = absl::OkStatus(); }

  bool OpenWatchesBecome(size_t count) {
    return tests::WaitFor([&] { return static_cast<size_t>(jobs_.script.OpenWatches()) == count; });
  }
  bool AllWatchesEnd() { return OpenWatchesBecome(0); }
};

const JobWatch::Event kEnd{JobWatch::Kind::kSnapshotEnd, std::nullopt, ""};
const JobWatch::Event kChange{JobWatch::Kind::kChanged, std::nullopt, ""};

TEST_F(RpcWatch, EventsArriveInOrderNowAndLater) {
  jobs_.script.Push(kEnd);
  WatchClient watch(client_);
  EXPECT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  for (int i = 0; i < 3; ++i) {
    jobs_.script.Push(kChange);
    EXPECT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_CHANGED);
  }
  watch.Cancel();
  EXPECT_EQ(watch.Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(AllWatchesEnd());
}

TEST_F(RpcWatch, NoEventIsLostWhenManyThreadsReportAtOnce) {
  constexpr int kEach = 500;
  jobs_.script.Push(kEnd);
  WatchClient watch(client_);
  ASSERT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  std::vector<std::future<void>> pushers;
  for (int thread = 0; thread < 4; ++thread) {
    pushers.push_back(std::async(std::launch::async, [this] {
      for (int i = 0; i < kEach; ++i) jobs_.script.Push(kChange);
    }));
  }
  for (int i = 0; i < 4 * kEach; ++i) {
    ASSERT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_CHANGED) << i;
  }
}

TEST_F(RpcWatch, ARefusalOfTheDomainEndsTheStreamWithItsDetails) {
  jobs_.answer = error::AccessDenied(Rule::kAllUsers, "not for you");
  WatchClient watch(client_);
  EXPECT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_UNSPECIFIED);
  EXPECT_EQ(InfoOf(watch.Finish()).metadata().at("rule"), "all_users");
}

TEST_F(RpcWatch, AnIdentityHasAHundredWatchesAtMost) {
  const auto open_are = [this](size_t count) {
    return tests::WaitFor([&] { return jobs_.script.OpenWatches() == static_cast<int>(count); });
  };
  std::vector<std::unique_ptr<WatchClient>> watches;
  for (size_t i = 0; i < WatchLimiter::kMaxPerCaller; ++i) {
    watches.push_back(std::make_unique<WatchClient>(client_));
  }
  ASSERT_TRUE(open_are(WatchLimiter::kMaxPerCaller));
  EXPECT_EQ(InfoOf(WatchClient(client_).Finish()).reason(), "E_OUTOFMEMORY");
  // Somebody else's are not counted, and an ended one makes room.
  WatchClient other(ClientWithSid(kAdministrator));
  EXPECT_TRUE(open_are(WatchLimiter::kMaxPerCaller + 1));
  watches.pop_back();
  ASSERT_TRUE(open_are(WatchLimiter::kMaxPerCaller));
  watches.push_back(std::make_unique<WatchClient>(client_));
  EXPECT_TRUE(open_are(WatchLimiter::kMaxPerCaller + 1));
}

TEST_F(RpcWatch, AnEventAfterTheCertificatesEndIsNotSent) {
  jobs_.script.Push(kEnd);
  WatchClient watch(client_);
  ASSERT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  clock_.Advance(absl::Hours(2));
  jobs_.script.Push(kChange);
  EXPECT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_UNSPECIFIED);
  EXPECT_EQ(watch.Finish().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(AllWatchesEnd());
}

TEST_F(RpcWatch, ASilentStreamEndsWithTheCertificate) {
  tests::CertificateSpec spec = ValidNow(tests::SpecWithSid(kUser));
  spec.not_after = absl::Now() + absl::Seconds(3);
  WatchClient watch(ClientWith(spec, root_));
  EXPECT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_UNSPECIFIED);
  const grpc::Status status = watch.Finish();
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(InfoOf(status).reason(), "UNAUTHENTICATED");
}

TEST_F(RpcWatch, ShutdownEndsOpenWatches) {
  jobs_.script.Push(kEnd);
  WatchClient watch(client_);
  ASSERT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  const absl::Time begin = absl::Now();
  server_->Shutdown(absl::Seconds(10));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5)) << "they are not waited for";
  EXPECT_EQ(watch.Next(), v1::WatchJobsResponse::KIND_UNSPECIFIED);
  const grpc::Status status = watch.Finish();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("bitsd is stopping"));
  EXPECT_EQ(InfoOf(status).reason(), "UNAVAILABLE");
  EXPECT_EQ(InfoOf(status).metadata().at("rule"), "service_stopping");
  EXPECT_EQ(jobs_.script.OpenWatches(), 0);
}

class RpcStart : public RpcTest {
 protected:
  void ExpectNoStart(const TlsMaterial& material, const std::string& why) {
    const auto server = StartServer(material, "127.0.0.1:0");
    ASSERT_FALSE(server.ok()) << why;
    EXPECT_THAT(std::string(server.status().message()), HasSubstr(why));
  }
};

TEST_F(RpcStart, TlsMaterialThatIsNotRightIsRefusedBeforeListening) {
  TlsMaterial other_key = ServerMaterial();
  other_key.private_key = KeyPem(root_);
  ExpectNoStart(other_key, "does not belong");
  TlsMaterial garbage = ServerMaterial();
  garbage.certificate_chain = "garbage";
  ExpectNoStart(garbage, "no PEM certificate");
  TlsMaterial no_roots = ServerMaterial();
  no_roots.roots.clear();
  ExpectNoStart(no_roots, "roots");
  TlsMaterial half_roots = ServerMaterial();
  half_roots.roots += "-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----\n";
  ExpectNoStart(half_roots, "roots");
  TlsMaterial no_key = ServerMaterial();
  no_key.private_key = no_key.certificate_chain;
  ExpectNoStart(no_key, "no PEM private key");
}

TEST_F(RpcStart, AnExpiredServerCertificateIsRefused) {
  clock_.Advance(absl::Hours(2));
  ExpectNoStart(ServerMaterial(), "expired");
}

TEST_F(RpcStart, APortInUseIsRefused) {
  const auto server = StartServer(ServerMaterial(), "127.0.0.1:" + std::to_string(server_->port()));
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("Cannot listen"));
}

}  // namespace
}  // namespace bitsd::rpc
