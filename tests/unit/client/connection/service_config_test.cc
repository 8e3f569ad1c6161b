// Which calls may be repeated, by the contract and by what gRPC is told.

#include "client/connection/service_config.h"

#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <vector>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

/// Every method of the contract.
std::vector<const google::protobuf::MethodDescriptor*> Methods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto* file :
       {v1::CreateJobRequest::descriptor()->file(), v1::Job::descriptor()->file(),
        v1::SetHelperTokenRequest::descriptor()->file(), v1::Session::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

TEST(RepeatTest, OnlyReadersAndRequestsWithAnIdMayBeRepeated) {
  using google::protobuf::MethodOptions;
  for (const auto* method : Methods()) {
    const std::string& name = method->name();
    const bool reads = name.starts_with("Get") || name.starts_with("List");
    const bool has_id = method->input_type()->FindFieldByName("request_id") != nullptr;
    EXPECT_EQ(method->options().idempotency_level(), reads    ? MethodOptions::NO_SIDE_EFFECTS
                                                     : has_id ? MethodOptions::IDEMPOTENT
                                                              : MethodOptions::IDEMPOTENCY_UNKNOWN)
        << name;
  }
}

TEST(RepeatTest, GrpcRepeatsWhatTheContractAllowsAndNothingElse) {
  const std::string config = ServiceConfig();
  for (const auto* method : Methods()) {
    const std::string name = R"({"service":")" + method->service()->full_name() +
                             R"(","method":")" + method->name() + R"("})";
    EXPECT_EQ(config.find(name) != std::string::npos, method->options().has_idempotency_level())
        << name;
  }
}

}  // namespace
}  // namespace bits
