// Every method of bits.v1 has a row in policy's method table, and every row a method.

#include <google/protobuf/descriptor.h>

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/policy/method_table.h"
#include "server/rpc/services.h"

namespace bitsd::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::ServiceDescriptor;

TEST(MethodRows, EveryMethodOfBitsHasItsOwnRow) {
  const std::vector<std::string> paths = MethodPaths();
  EXPECT_EQ(paths.size(), 28u);
  for (const std::string& path : paths) {
    const policy::MethodRow* row = policy::FindMethodRow(path);
    ASSERT_NE(row, nullptr) << path;
    EXPECT_EQ(row->path, path);
  }
}

TEST(MethodRows, EveryRowOfBitsIsAMethod) {
  const std::vector<std::string> paths = MethodPaths();
  const std::set<std::string> methods(paths.begin(), paths.end());
  for (const policy::MethodRow& row : policy::AllMethodRows()) {
    if (!row.path.starts_with("/bits.v1.")) continue;
    EXPECT_TRUE(methods.contains(std::string(row.path))) << row.path;
  }
}

TEST(MethodRows, RequestsAreNamedAfterTheirMethods) {
  // The handlers find their rows by the names of their requests.
  for (const std::string& name : ServiceNames()) {
    const ServiceDescriptor* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      EXPECT_EQ(service->method(i)->input_type()->name(), service->method(i)->name() + "Request");
    }
  }
}

}  // namespace
}  // namespace bitsd::rpc
