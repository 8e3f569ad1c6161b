// What the audit log says of refused calls, and that nobody fills it with them.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "server/error/errors.h"
#include "tests/integration/rpc/rpc_fixture.h"

namespace bitsd::rpc {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

namespace v1 = ::bits::v1;

constexpr char kGetJob[] = "/bits.v1.BackgroundCopyManager/GetJob";
constexpr char kJobId[] = "0f8fad5b-d9cb-469f-a165-70867728950e";

class RpcRefusal : public RpcTest {
 protected:
  void GetJob(const RpcClient& client) {
    v1::GetJobRequest request;
    request.set_job_id(kJobId);
    EXPECT_FALSE(client.Call(kGetJob, {}, request.SerializeAsString()).ok());
  }
  size_t Lines() const { return audit_.Events("call_refused").size(); }

  const RpcClient client_ = ClientWithSid(kUser);
};

TEST_F(RpcRefusal, ARuleThatRefusesIsWrittenWithCallerAndMethodAndNothingElse) {
  jobs_.answer = error::AccessDenied(Rule::kJobAccess, "the job of somebody");
  GetJob(client_);
  EXPECT_THAT(audit_.Events("call_refused"),
              ElementsAre(UnorderedElementsAre(Pair("caller_sid", kUser), Pair("method", kGetJob),
                                               Pair("error", "E_ACCESSDENIED"),
                                               Pair("rule", "job_access"))));
}

TEST_F(RpcRefusal, AStrangerIsNamedThoughNotAccepted) {
  GetJob(ClientWithSid(kStranger));
  EXPECT_THAT(
      audit_.Events("call_refused"),
      ElementsAre(UnorderedElementsAre(
          Pair("caller_sid", kStranger), Pair("method", kGetJob),
          Pair("peer", testing::StartsWith("127.0.0.1:")), Pair("certificate_subject", "CN=peer"),
          Pair("certificate_serial", testing::MatchesRegex("[0-9a-f]+")),
          Pair("error", "UNAUTHENTICATED"), Pair("rule", "unknown_account"))));
}

TEST_F(RpcRefusal, ACertificateThatNamesNobodyIsNamed) {
  tests::CertificateSpec spec;
  spec.name = "no sid";
  EXPECT_FALSE(ClientWith(ValidNow(spec), root_).Call(kGetJob).ok());
  const auto events = audit_.Events("call_refused");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].at("certificate_subject"), "CN=no sid");
  EXPECT_EQ(events[0].at("rule"), "certificate_refused");
  EXPECT_EQ(events[0].count("caller_sid"), 0u);
}

TEST_F(RpcRefusal, WhatIsNotAHandlersIsWrittenTooAndItsNameIsBounded) {
  const std::string method = "/no.Service/" + std::string(1000, 'x');
  EXPECT_FALSE(client_.Call(method).ok());
  const auto events = audit_.Events("call_refused");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].at("method"), method.substr(0, 200));
  EXPECT_EQ(events[0].at("rule"), "method_denied");
}

TEST_F(RpcRefusal, ARefusedWatchIsWritten) {
  jobs_.answer = error::AccessDenied(Rule::kAllUsers, "not for you");
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stub = v1::BackgroundCopyManager::NewStub(client_.channel());
  const auto reader = stub->WatchJobs(&context, {});
  EXPECT_FALSE(reader->Finish().ok());
  const auto events = audit_.Events("call_refused");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].at("method"), "/bits.v1.BackgroundCopyManager/WatchJobs");
  EXPECT_EQ(events[0].at("rule"), "all_users");
}

TEST_F(RpcRefusal, OtherErrorsAreNoRefusals) {
  jobs_.answer = error::NotFound("no such job");
  GetJob(client_);
  jobs_.answer = error::InvalidState("not now");
  GetJob(client_);
  EXPECT_THAT(audit_.Events("call_refused"), IsEmpty());
}

TEST_F(RpcRefusal, AFloodIsBoundedHidesNobodyAndIsTold) {
  jobs_.answer = error::AccessDenied(Rule::kJobAccess, "no");
  for (int i = 0; i < 300; ++i) GetJob(client_);
  // The clock is real: a loaded machine may give a line back meanwhile.
  EXPECT_GE(Lines(), 20u);
  EXPECT_LE(Lines(), 25u);
  const size_t before = Lines();
  GetJob(ClientWithSid(kAdministrator));
  EXPECT_EQ(Lines(), before + 1) << "somebody else's budget is her own";
  clock_.Advance(absl::Minutes(1));
  GetJob(client_);
  const auto events = audit_.Events("call_refused");
  ASSERT_EQ(events.size(), before + 2);
  EXPECT_EQ(events.back().at("left_out"), std::to_string(300 - before));
}

}  // namespace
}  // namespace bitsd::rpc
