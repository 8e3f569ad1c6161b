#include "client/connection/service_config.h"

#include <google/protobuf/descriptor.pb.h>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"

namespace bits {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;

constexpr char kRetryPolicy[] =
    R"("retryPolicy":{"maxAttempts":4,"initialBackoff":"0.2s","maxBackoff":"2s",)"
    R"("backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]})";

bool MayBeRepeated(const MethodDescriptor& method) {
  return method.options().idempotency_level() != MethodOptions::IDEMPOTENCY_UNKNOWN;
}

std::string NameOf(const MethodDescriptor& method) {
  return R"({"service":")" + method.service()->full_name() + R"(","method":")" + method.name() +
         R"("})";
}

}  // namespace

std::string ServiceConfig() {
  std::string names;
  for (const auto* message :
       {v1::Job::descriptor(), v1::CreateJobRequest::descriptor(),
        v1::SetHelperTokenRequest::descriptor(), v1::LogonRequest::descriptor()}) {
    const auto& service = *message->file()->service(0);
    for (int i = 0; i < service.method_count(); ++i) {
      if (!MayBeRepeated(*service.method(i))) continue;
      if (!names.empty()) names += ",";
      names += NameOf(*service.method(i));
    }
  }
  return R"({"methodConfig":[{"name":[)" + names + "]," + kRetryPolicy + "}]}";
}

}  // namespace bits
