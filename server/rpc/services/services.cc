#include "server/rpc/services/services.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"
#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"

namespace bitsd::rpc {
namespace {

std::vector<const google::protobuf::ServiceDescriptor*> Services() {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const auto* message :
       {::bits::v1::Job::descriptor(), ::bits::v1::CreateJobRequest::descriptor(),
        ::bits::v1::LogonRequest::descriptor(), ::bits::v1::SetHelperTokenRequest::descriptor()}) {
    const google::protobuf::FileDescriptor* file = message->file();
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

}  // namespace

std::vector<std::string> ServiceNames() {
  std::vector<std::string> names;
  for (const auto* service : Services()) names.emplace_back(service->full_name());
  return names;
}

std::vector<std::string> MethodPaths() {
  std::vector<std::string> paths;
  for (const auto* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      paths.push_back(absl::StrCat("/", service->full_name(), "/", service->method(i)->name()));
    }
  }
  return paths;
}

}  // namespace bitsd::rpc
