// The public fake of the service, and what clients do over it.

#include "bitsd/client/testing/fake_service.h"

#include <google/protobuf/descriptor.pb.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "bitsd/client/async_client.h"
#include "bitsd/client/client.h"
#include "bitsd/client/error.h"
#include "bitsd/client/logon_session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kOwner[] = "S-1-5-21-1-2-3-1001";
constexpr char kHelper[] = "S-1-5-21-1-2-3-1002";
constexpr uint32_t kLocalFile = 1;

class FakeServiceTest : public testing::Test {
 protected:
  std::string NewJob(int files) {
    v1::CreateJobRequest create;
    create.set_display_name("job");
    const std::string id = client_.CreateJob(create)->id();
    v1::AddFileSetRequest add;
    add.set_job_id(id);
    for (int i = 0; i < files; ++i) add.add_files()->set_local_name("/f" + std::to_string(i));
    if (files > 0) EXPECT_TRUE(client_.AddFileSet(add).ok());
    return id;
  }

  v1::JobState StateOf(const std::string& id) { return client_.GetJob(id)->state(); }

  const std::shared_ptr<FakeService> service_ = std::make_shared<FakeService>();
  const Client client_ = *Client::Over(service_, kOwner);
};

TEST_F(FakeServiceTest, AJobGoesFromSuspendedToAcknowledged) {
  const std::string id = NewJob(/*files=*/2);
  EXPECT_EQ(StateOf(id), v1::JOB_STATE_SUSPENDED);
  EXPECT_EQ(client_.Resume(id)->state(), v1::JOB_STATE_QUEUED);
  ASSERT_TRUE(service_->Transfer(id, /*file_size=*/10).ok());
  const v1::Job job = *client_.GetJob(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_TRANSFERRED);
  EXPECT_EQ(job.progress().bytes_transferred(), 20u);
  EXPECT_EQ(job.progress().files_transferred(), 2u);
  EXPECT_EQ(client_.Complete(id)->hresult(), 0u);
  EXPECT_EQ(StateOf(id), v1::JOB_STATE_ACKNOWLEDGED);
  EXPECT_TRUE((*client_.ListAllFiles(id))[1].completed());
  EXPECT_THAT(*client_.ListAllJobs(false), IsEmpty());
}

TEST_F(FakeServiceTest, WhatTheServiceRefusesTheFakeRefusesWithTheSameErrors) {
  const std::string id = NewJob(/*files=*/0);
  EXPECT_EQ(ErrorOf(client_.Resume(id).status()).reason, "BG_E_EMPTY");
  EXPECT_EQ(ErrorOf(client_.GetJob("00000000-0000-4000-8000-000000000001").status()).hresult,
            0x80200001u);
  EXPECT_EQ(ErrorOf(client_.GetJob("no UUID").status()).reason, "E_INVALIDARG");
  const Client stranger = *Client::Over(service_, kHelper);
  EXPECT_EQ(ErrorOf(stranger.GetJob(id).status()).rule, "job_access");
  ASSERT_TRUE(client_.Cancel(id).ok());
  EXPECT_EQ(ErrorOf(client_.Suspend(id).status()).reason, "BG_E_INVALID_STATE");
}

TEST_F(FakeServiceTest, ARevisionIsStaleOnceTheJobHasChanged) {
  const std::string id = NewJob(/*files=*/1);
  v1::UpdateJobRequest request;
  request.mutable_job()->set_id(id);
  request.mutable_job()->set_display_name("renamed");
  request.mutable_update_mask()->add_paths("display_name");
  request.set_expected_revision(client_.GetJob(id)->revision());
  EXPECT_EQ(client_.UpdateJob(request)->display_name(), "renamed");
  EXPECT_EQ(ErrorOf(client_.UpdateJob(request).status()).rule, "stale_revision");
  request.clear_expected_revision();
  request.mutable_update_mask()->add_paths("owner_sid");
  EXPECT_EQ(ErrorOf(client_.UpdateJob(request).status()).reason, "E_INVALIDARG");
}

TEST_F(FakeServiceTest, ARepeatWithTheSameRequestIdDoesNothingTwice) {
  v1::CreateJobRequest create;
  create.set_display_name("once");
  create.set_request_id("one");
  EXPECT_EQ(client_.CreateJob(create)->id(), client_.CreateJob(create)->id());
  EXPECT_EQ(client_.ListAllJobs(false)->size(), 1u);
}

TEST_F(FakeServiceTest, AHelperLendsItsTokenByAHandleThatIsBoundToIt) {
  const std::string id = NewJob(/*files=*/1);
  const Handle handle = *client_.QueryInterface(id, kHelper);
  ASSERT_TRUE(client_.SetHelperTokenFlags(handle, kLocalFile).ok());
  EXPECT_EQ(ErrorOf(client_.Complete(id).status()).reason, "BG_E_TOKEN_REQUIRED");
  {
    const ScopedImpersonation as_helper(*FakeService::TokenFor(kHelper));
    EXPECT_TRUE(client_.SetHelperToken(handle, kHelper).ok());
    EXPECT_EQ(ErrorOf(client_.SetHelperTokenFlags(handle, 0)).rule, "helper_cannot_change_flags");
  }
  {
    const ScopedImpersonation as_third(*FakeService::TokenFor("S-1-5-21-1-2-3-1003"));
    EXPECT_EQ(ErrorOf(client_.ClearHelperToken(handle)).rule, "handle_bound_to_another");
  }
  EXPECT_EQ(*client_.GetHelperTokenSid(handle), kHelper);
  ASSERT_TRUE(client_.ClearHelperToken(handle).ok());
  EXPECT_EQ(client_.GetJob(id)->error().reason(), "BG_E_TOKEN_REQUIRED");
  ASSERT_TRUE(client_.Release(handle).ok());
  EXPECT_EQ(ErrorOf(client_.GetHelperTokenFlags(handle).status()).reason, "RPC_E_DISCONNECTED");
}

TEST_F(FakeServiceTest, AScriptedFailureIsGivenOnce) {
  const std::string id = NewJob(/*files=*/1);
  service_->FailNext("Resume", absl::UnavailableError("away"));
  EXPECT_TRUE(absl::IsUnavailable(client_.Resume(id).status()));
  EXPECT_TRUE(client_.Resume(id).ok());
  EXPECT_EQ(service_->received().back().method, "Resume");
  EXPECT_EQ(service_->received().back().sid, kOwner);
}

TEST_F(FakeServiceTest, AScriptedAnswerTakesThePlaceOfTheFakesOwn) {
  EXPECT_TRUE(absl::IsUnimplemented(client_.GetServerInfo().status()));
  service_->Answer<v1::GetServerInfoRequest, v1::GetServerInfoResponse>([](const auto&) {
    v1::GetServerInfoResponse info;
    info.set_version("9.9");
    return info;
  });
  EXPECT_EQ(client_.GetServerInfo()->version(), "9.9");
}

// ---- what else works over it ----

TEST_F(FakeServiceTest, AFeedTellsChangesAndConnectsAgain) {
  const std::string id = NewJob(/*files=*/1);
  JobFeed feed = client_.FollowJobs({}, {std::chrono::milliseconds(1)});
  EXPECT_EQ((*feed.Next())->job.id(), id);
  EXPECT_EQ((*feed.Next())->kind, JobFeed::Kind::kCaughtUp);
  ASSERT_TRUE(service_->Transfer(id).ok());
  EXPECT_EQ((*feed.Next())->job.state(), v1::JOB_STATE_TRANSFERRED);
  service_->BreakStreams(absl::UnavailableError("restarting"));
  EXPECT_EQ((*feed.Next())->kind, JobFeed::Kind::kDisconnected);
  EXPECT_EQ((*feed.Next())->kind, JobFeed::Kind::kCaughtUp);
  feed.Stop();
  EXPECT_FALSE(feed.Next()->has_value());
}

TEST_F(FakeServiceTest, AWaitingReaderIsWokenByCancel) {
  JobWatch watch = client_.WatchJobs({});
  EXPECT_EQ((*watch.Next())->kind(), v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  std::thread canceller([&] { watch.Cancel(); });
  EXPECT_FALSE(watch.Next()->has_value());
  canceller.join();
}

TEST_F(FakeServiceTest, ASessionIsKeptAliveUntilTheServiceEndsIt) {
  std::promise<absl::Status> lost;
  LogonOptions options;
  options.on_lost = [&](const absl::Status& why) { lost.set_value(why); };
  const auto session = LogonSession::Logon(client_, std::move(options));
  ASSERT_TRUE(session.ok()) << session.status();
  const Client inside = *client_.InSession(*session);
  EXPECT_TRUE(inside.ListAllJobs(false).ok());
  service_->EndSession(session->id());
  EXPECT_EQ(ErrorOf(lost.get_future().get()).reason, "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(ErrorOf(inside.ListAllJobs(false).status()).reason, "ERROR_NOT_LOGGED_ON");
}

TEST_F(FakeServiceTest, ACallThatDoesNotWaitHasItsIdentityInItsCallback) {
  const std::string id = NewJob(/*files=*/0);
  const AsyncClient async(client_);
  absl::StatusCode answered = absl::StatusCode::kOk;
  const ScopedImpersonation as_helper(*FakeService::TokenFor(kHelper));
  v1::GetJobRequest request;
  request.set_job_id(id);
  async.GetJob(request, [&](const absl::StatusOr<v1::GetJobResponse>& answer) {
    answered = answer.status().code();
    EXPECT_EQ(ScopedImpersonation::Current()->sid(), kHelper);
  });
  EXPECT_EQ(answered, absl::StatusCode::kPermissionDenied);
}

// ---- each method by its own messages ----

/// Notes which methods are called, and whether the response is theirs.
class NotingTransport final : public Transport {
 public:
  absl::Status Call(CallContext&, const Message& request, Message& answer) override {
    const auto& method = MethodOf(request);
    EXPECT_EQ(answer.GetDescriptor(), method.output_type()) << method.full_name();
    if (method.options().idempotency_level() == google::protobuf::MethodOptions::IDEMPOTENT) {
      const auto* id = request.GetDescriptor()->FindFieldByName("request_id");
      EXPECT_FALSE(request.GetReflection()->GetString(request, id).empty()) << method.full_name();
    }
    ++calls;
    return absl::UnavailableError("noted");
  }
  std::unique_ptr<Stream> Open(CallContext&, const Message&) override { return nullptr; }

  int calls = 0;
};

constexpr int kUnaryMethods = 26;

TEST(ClientMethodsTest, EveryCallHasTheMessagesOfItsMethod) {
  const auto transport = std::make_shared<NotingTransport>();
  const Client client = *Client::Over(transport, kOwner);
  const Handle handle = *Handle::FromBytes(std::string(Handle::kSize, 'h'));
  client.CreateJob({}).IgnoreError();
  client.GetJob("").IgnoreError();
  client.ListJobs({}).IgnoreError();
  client.GetErrorDescription(0).IgnoreError();
  client.GetServerInfo().IgnoreError();
  client.QueryInterface("", {}).IgnoreError();
  client.Release(handle).IgnoreError();
  client.AddFileSet({}).IgnoreError();
  client.ListFiles({}).IgnoreError();
  client.UpdateJob({}).IgnoreError();
  client.Suspend("").IgnoreError();
  client.Resume("").IgnoreError();
  client.Cancel("").IgnoreError();
  client.Complete("").IgnoreError();
  client.SetCredentials({}).IgnoreError();
  client.RemoveCredentials("", {}, {}).IgnoreError();
  client.SetClientCertificate({}).IgnoreError();
  client.RemoveClientCertificate("").IgnoreError();
  client.SetHelperTokenFlags(handle, 0).IgnoreError();
  client.GetHelperTokenFlags(handle).IgnoreError();
  client.SetHelperToken(handle, kOwner).IgnoreError();
  client.ClearHelperToken(handle).IgnoreError();
  client.GetHelperTokenSid(handle).IgnoreError();
  client.Logon({}).IgnoreError();
  client.Logoff("").IgnoreError();
  client.ListSessions({}).IgnoreError();
  EXPECT_EQ(transport->calls, kUnaryMethods);
}

TEST(ClientMethodsTest, EveryCallThatDoesNotWaitHasThemToo) {
  const auto transport = std::make_shared<NotingTransport>();
  const AsyncClient client(*Client::Over(transport, kOwner));
  const auto done = [](const auto&) {};
  client.CreateJob({}, done);
  client.GetJob({}, done);
  client.ListJobs({}, done);
  client.GetErrorDescription({}, done);
  client.GetServerInfo({}, done);
  client.QueryInterface({}, done);
  client.Release({}, done);
  client.AddFileSet({}, done);
  client.ListFiles({}, done);
  client.UpdateJob({}, done);
  client.Suspend({}, done);
  client.Resume({}, done);
  client.Cancel({}, done);
  client.Complete({}, done);
  client.SetCredentials({}, done);
  client.RemoveCredentials({}, done);
  client.SetClientCertificate({}, done);
  client.RemoveClientCertificate({}, done);
  client.SetHelperTokenFlags({}, done);
  client.GetHelperTokenFlags({}, done);
  client.SetHelperToken({}, kOwner, done);
  client.ClearHelperToken({}, done);
  client.GetHelperTokenSid({}, done);
  client.Logon({}, done);
  client.Logoff({}, done);
  client.ListSessions({}, done);
  EXPECT_EQ(transport->calls, kUnaryMethods);
}

}  // namespace
}  // namespace bits
