// Statuses of calls: their details, and what they leave out.

#include "server/rpc/status.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/error_info.h"

namespace bitsd::rpc {
namespace {

using ::grpc::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RpcStatus, EveryErrorOfATableRowCarriesItsNameAndHresult) {
  for (const HresultInfo& row : AllHresults()) {
    if (row.code == absl::StatusCode::kOk || row.code == absl::StatusCode::kUnknown) continue;
    absl::Status status(row.code, "why");
    status.SetPayload("bits.v1/hresult",
                      absl::Cord(std::to_string(static_cast<uint32_t>(row.value))));
    const grpc::Status answer = ToGrpc(status);
    EXPECT_EQ(static_cast<int>(answer.error_code()), static_cast<int>(row.code)) << row.name;
    EXPECT_EQ(answer.error_message(), "why");
    EXPECT_EQ(InfoOf(answer).domain(), "bits.v1");
    EXPECT_EQ(InfoOf(answer).reason(), row.name);
    EXPECT_EQ(InfoOf(answer).metadata().at("hresult"),
              HresultText(static_cast<uint32_t>(row.value)));
  }
}

TEST(RpcStatus, AFileSystemThatDoesNotAnswerIsToldAsSuchAndMayBeTriedAgain) {
  const grpc::Status answer = ToGrpc(error::Unavailable("no answer"));
  EXPECT_EQ(answer.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.error_message(), "no answer");
  EXPECT_EQ(InfoOf(answer).reason(), "ERROR_NOT_READY");
  EXPECT_EQ(InfoOf(answer).metadata().at("hresult"), "0x80070015");
}

TEST(RpcStatus, ARuleIsNamed) {
  const grpc::Status answer = ToGrpc(error::AccessDenied(Rule::kJobAccess, "not yours"));
  EXPECT_EQ(answer.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(InfoOf(answer).metadata().at("rule"), "job_access");
  EXPECT_EQ(InfoOf(ToGrpc(error::NotFound("no"))).metadata().count("rule"), 0u);
}

TEST(RpcStatus, NobodyHasNoHresult) {
  const grpc::Status answer = ToGrpc(error::Unauthenticated("no SID"));
  EXPECT_EQ(answer.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(InfoOf(answer).reason(), "UNAUTHENTICATED");
  EXPECT_EQ(InfoOf(answer).metadata().count("hresult"), 0u);
}

TEST(RpcStatus, AStatusThatIsNoAnswerBecomesInternalAndLeaksNothing) {
  for (const absl::Status& status :
       {absl::UnknownError("secret"), absl::InternalError("secret"), absl::DataLossError("secret"),
        absl::PermissionDeniedError("secret"), absl::CancelledError("secret"),
        absl::Status(static_cast<absl::StatusCode>(99), "secret")}) {
    const grpc::Status answer = ToGrpc(status);
    EXPECT_EQ(answer.error_code(), StatusCode::INTERNAL) << status;
    EXPECT_THAT(answer.error_message(), Not(HasSubstr("secret")));
    EXPECT_EQ(answer.error_details(), "");
  }
}

TEST(RpcStatus, ALongMessageIsCutBetweenCharacters) {
  const grpc::Status answer =
      ToGrpc(error::InvalidArgument("x" + std::string(2000, '\xC3') + "end"));
  EXPECT_LE(answer.error_message().size(), kMaxErrorMessage);
  std::string umlauts = "x";
  for (int i = 0; i < 1000; ++i) umlauts += "\xC3\xBC";
  EXPECT_EQ(ToGrpc(error::InvalidArgument(umlauts)).error_message().size(), 999u);
}

}  // namespace
}  // namespace bitsd::rpc
