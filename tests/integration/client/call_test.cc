// The client against a small service in this process, over real mutual TLS: what is sent, what is
// repeated, what a refusal looks like, how a watch ends.

#include <future>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bitsd/client/async_client.h"
#include "bitsd/client/client.h"
#include "bitsd/client/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/client/call_fixture.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

constexpr char kMallory[] = "S-1-5-21-1-2-3-1666";

TEST_F(ClientCallTest, AReadIsRepeatedWhenTheServiceIsUnavailable) {
  flaky_.failures = 2;
  const auto info = Connected().GetServerInfo();
  EXPECT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(flaky_.calls, 3);
}

TEST_F(ClientCallTest, RepeatsEndAfterAFewTries) {
  flaky_.failures = 1000;
  EXPECT_TRUE(absl::IsUnavailable(Connected().GetServerInfo().status()));
  EXPECT_EQ(flaky_.calls, 4);
}

TEST_F(ClientCallTest, CreateJobIsRepeatedUnderOneRequestId) {
  flaky_.failures = 2;
  ASSERT_TRUE(Connected().CreateJob({}).ok());
  EXPECT_EQ(flaky_.calls, 3);
  ASSERT_EQ(manager_.request_ids.size(), 1u);
  EXPECT_EQ(manager_.request_ids.begin()->size(), 36u);
}

TEST_F(ClientCallTest, AChangeIsNeverRepeated) {
  flaky_.failures = 1;
  EXPECT_TRUE(absl::IsUnavailable(Connected().Resume(kJobId).status()));
  EXPECT_EQ(flaky_.calls, 1);
}

TEST_F(ClientCallTest, ACallEndsAtItsDeadline) {
  ClientOptions options = Options();
  options.deadline = std::chrono::milliseconds(200);
  const auto description = Client::Connect(options)->GetErrorDescription(1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(description.status())) << description.status();
}

TEST_F(ClientCallTest, MetadataDescribesTheCallersToken) {
  ClientOptions options = Options();
  options.filter_admin = true;
  options.impersonation_level = ImpersonationLevel::kIdentify;
  const auto info = Client::Connect(options)->GetServerInfo();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->features(), ::testing::UnorderedElementsAre(
                                    "bits-filter-admin=1", "bits-impersonation-level=identify"));
}

TEST_F(ClientCallTest, ARefusalSaysHresultAndRule) {
  const auto handle = Handle::FromBytes(std::string(32, 'h'));
  const auto lent = Connected().SetHelperToken(*handle, kAlice);
  EXPECT_TRUE(absl::IsPermissionDenied(lent.status()));
  const CallError error = ErrorOf(lent.status());
  EXPECT_EQ(error.hresult, 0x80070005u);
  EXPECT_EQ(error.rule, "handle_bound_to_another");
}

TEST_F(ClientCallTest, AnotherIdentityThanTheExpectedOneIsNeverLent) {
  const auto handle = Handle::FromBytes(std::string(32, 'h'));
  const auto lent = Connected().SetHelperToken(*handle, kMallory);
  EXPECT_TRUE(absl::IsPermissionDenied(lent.status()));
  EXPECT_EQ(token_.calls, 0);
}

TEST_F(ClientCallTest, DelegatedCredentialsGoOverAConnectionOfTheirOwnEachTime) {
  const auto handle = Handle::FromBytes(std::string(32, 'h'));
  ClientOptions options = Options();
  options.impersonation_level = ImpersonationLevel::kDelegate;
  const Client client = *Client::Connect(options);
  client.SetHelperToken(*handle, kAlice).status().IgnoreError();
  client.DelegateHelperToken(*handle, kAlice, "cache").status().IgnoreError();
  client.DelegateHelperToken(*handle, kAlice, "cache").status().IgnoreError();
  v1::SetHelperTokenRequest request;
  request.set_handle(handle->bytes());
  request.mutable_delegated_credentials()->set_credential_cache("async");
  std::promise<void> answered;
  AsyncClient(client).SetHelperToken(
      request, kAlice,
      [&](const absl::StatusOr<v1::SetHelperTokenResponse>&) { answered.set_value(); });
  answered.get_future().get();
  client.SetHelperToken(*handle, kAlice).status().IgnoreError();
  const std::lock_guard lock(token_.mutex);
  ASSERT_EQ(token_.peers.size(), 5u);
  EXPECT_EQ(token_.peers[0], token_.peers[4]) << "everything else shares one";
  EXPECT_EQ(std::set<std::string>(token_.peers.begin(), token_.peers.end()).size(), 4u);
  EXPECT_THAT(token_.caches, ::testing::ElementsAre("", "cache", "cache", "async", ""));
}

TEST_F(ClientCallTest, CredentialsAreNotSentBelowLevelDelegateOrAsAnother) {
  const auto handle = Handle::FromBytes(std::string(32, 'h'));
  EXPECT_TRUE(
      absl::IsInvalidArgument(Connected().DelegateHelperToken(*handle, kAlice, "cache").status()));
  ClientOptions options = Options();
  options.impersonation_level = ImpersonationLevel::kDelegate;
  EXPECT_TRUE(absl::IsPermissionDenied(
      Client::Connect(options)->DelegateHelperToken(*handle, kMallory, "cache").status()));
  EXPECT_EQ(token_.calls, 0);
}

TEST_F(ClientCallTest, AllPagesAreFollowed) {
  const auto jobs = Connected().ListAllJobs(false);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 2u);
  EXPECT_EQ((*jobs)[1].id(), "page2");
}

TEST_F(ClientCallTest, AWatchIsCancelledFromAnotherThread) {
  JobWatch watch = Connected().WatchJobs({});
  const auto first = watch.Next();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->job().id(), kJobId);
  auto waiting = std::async(std::launch::async, [&watch] { return watch.Next(); });
  watch.Cancel();
  const auto end = waiting.get();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_FALSE(end->has_value());
}

TEST_F(ClientCallTest, AServerFromAnotherRootIsNotTrusted) {
  const std::string other = Path("other");
  ASSERT_TRUE(cli::InitPki(other).ok());
  ClientOptions options = Options();
  options.identity.roots = *ReadFile(other + "/ca.crt");
  options.deadline = std::chrono::seconds(5);
  const auto info = Client::Connect(options)->GetServerInfo();
  EXPECT_TRUE(absl::IsUnavailable(info.status())) << info.status();
  EXPECT_EQ(flaky_.calls, 0);
}

TEST_F(ClientCallTest, AServerOfAnotherNameIsNotTrusted) {
  ClientOptions options = Options();
  options.ssl_target_name_override = "elsewhere.example";
  EXPECT_FALSE(Client::Connect(options)->GetServerInfo().ok());
  options.ssl_target_name_override = "localhost";
  EXPECT_TRUE(Client::Connect(options)->GetServerInfo().ok());
}

TEST_F(ClientCallTest, BitsctlPrintsMessageReasonAndRuleOfARefusal) {
  EXPECT_EQ(
      Bitsctl({"set-helper-token", "--unrestricted", "--handle-file", "-"}, std::string(64, 'a')),
      4);
  EXPECT_EQ(
      err_,
      "bitsctl: the handle is another's\n"
      "  reason: E_ACCESSDENIED (0x80070005)\n"
      "  rule:   handle_bound_to_another\n"
      "  try:    ask the owner for a handle for your SID: bitsctl get-handle JOB --helper SID\n");
}

TEST_F(ClientCallTest, BitsctlRefusesToLendAnotherIdentity) {
  EXPECT_EQ(Bitsctl({"set-helper-token", "--unrestricted", "--handle-file", "-", "--as", kMallory},
                    std::string(64, 'a')),
            4);
  EXPECT_THAT(err_, HasSubstr("nothing was sent"));
  EXPECT_EQ(token_.calls, 0);
}

TEST_F(ClientCallTest, BitsctlBindsAHandleAndWritesItPrivately) {
  EXPECT_EQ(Bitsctl({"get-handle", kJobId, "--helper", kMallory, "--handle-file", Path("h")}), 0)
      << err_;
  EXPECT_EQ(job_.bound_to, kMallory);
  EXPECT_EQ(*ReadSecretFile(Path("h")), std::string(64, '1') + "\n");
  EXPECT_EQ(out_, "");
}

TEST_F(ClientCallTest, AHandleThatCannotBeWrittenIsReleased) {
  EXPECT_EQ(Bitsctl({"get-handle", kJobId, "--helper", kMallory, "--handle-file", Path("ca.crt")}),
            7);
  EXPECT_EQ(job_.releases, 1);
}

TEST_F(ClientCallTest, AnAmbiguousJobNameListsTheIds) {
  EXPECT_EQ(Bitsctl({"info", "twice"}), 2);
  EXPECT_THAT(err_, HasSubstr("  page1  twice\n  page2  twice\n"));
}

TEST_F(ClientCallTest, MonitorEndsWithTheJob) {
  manager_.watched_state = v1::JOB_STATE_TRANSFERRED;
  EXPECT_EQ(Bitsctl({"monitor", kJobId}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("TRANSFERRED\n"));
  EXPECT_EQ(Bitsctl({"monitor", kJobId}, "", /*terminal=*/true), 0) << err_;
  EXPECT_TRUE(out_.starts_with("\r\x1b[K[")) << out_;
  manager_.watched_state = v1::JOB_STATE_ERROR;
  EXPECT_EQ(Bitsctl({"monitor", kJobId}), 1);
}

TEST_F(ClientCallTest, NoServiceIsStatusFiveWithAHint) {
  server_->Shutdown();
  EXPECT_EQ(Bitsctl({"list", "--timeout", "5"}), 5);
  EXPECT_THAT(err_, HasSubstr("does bitsd listen at --endpoint"));
}

TEST_F(ClientCallTest, JsonIsPrintedOnRequest) {
  EXPECT_EQ(Bitsctl({"create", "x", "--json"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("\"id\": \"" + std::string(kJobId)));
  EXPECT_EQ(Bitsctl({"create", "x", "--id-only"}), 0);
  EXPECT_EQ(out_, std::string(kJobId) + "\n");
}

}  // namespace
}  // namespace bits
