// Every method that a server answers has a row in policy's method table.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/policy/method_table.h"
#include "tests/integration/rpc/rpc_fixture.h"

namespace bitsd::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::ServiceDescriptor;
using ::testing::UnorderedElementsAreArray;

constexpr std::string_view kName = "name: \"";

/// Every method of the named services, by their descriptors.
std::vector<std::string> PathsOf(const std::vector<std::string>& services) {
  std::vector<std::string> paths;
  for (const std::string& name : services) {
    const ServiceDescriptor* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    EXPECT_NE(service, nullptr) << name;
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      paths.push_back("/" + name + "/" + service->method(i)->name());
    }
  }
  return paths;
}

/// The names of the services that a running server has registered, by its reflection service.
std::vector<std::string> RegisteredServices(const RpcClient& client) {
  const auto* type = DescriptorPool::generated_pool()->FindMessageTypeByName(
      "grpc.reflection.v1alpha.ServerReflectionResponse");
  const std::string list_services("\x3A\0", 2);  // Field 7, an empty string.
  std::string bytes;
  const grpc::Status status = client.Call(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {}, list_services, &bytes);
  EXPECT_TRUE(status.ok()) << status.error_message();
  const std::unique_ptr<google::protobuf::Message> response(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  EXPECT_TRUE(response->ParseFromString(bytes));
  std::vector<std::string> names;
  const std::string text = response->ShortDebugString();
  for (size_t at = text.find(kName); at != std::string::npos; at = text.find(kName, at)) {
    at += kName.size();
    names.push_back(text.substr(at, text.find('"', at) - at));
  }
  return names;
}

using MethodRowsOfAServer = RpcTest;

TEST_F(MethodRowsOfAServer, EveryMethodOfEveryRegisteredServiceHasARow) {
  std::vector<std::string> services = RegisteredServices(ClientWithSid(kUser));
  // gRPC answers health without a descriptor.
  EXPECT_EQ(std::erase(services, "grpc.health.v1.Health"), 1u);
  const std::vector<std::string> expected = {
      "bits.v1.BackgroundCopyJob", "bits.v1.BackgroundCopyManager",
      "bits.v1.BitsTokenOptions",  "bits.v1.Sessions",
      "grpc.channelz.v1.Channelz", "grpc.reflection.v1alpha.ServerReflection"};
  EXPECT_THAT(services, UnorderedElementsAreArray(expected));
  std::vector<std::string> paths = PathsOf(services);
  EXPECT_EQ(paths.size(), 28u + 7u + 1u);
  paths.insert(paths.end(), {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"});
  for (const std::string& path : paths) {
    EXPECT_NE(policy::FindMethodRow(path), nullptr) << path;
  }
}

}  // namespace
}  // namespace bitsd::rpc
