// docs/api.md names what there is: every method of every service, and every rule.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "server/error/rules.h"
#include "server/rpc/services/services.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;

std::string Page(const std::string& name) {
  std::ifstream file(std::string(BITSD_DOCS) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Docs, TheApiPageHasARowForEveryMethod) {
  const std::string page = Page("api.md");
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const std::string& name : rpc::ServiceNames()) {
    const auto* service = pool->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    EXPECT_THAT(page, HasSubstr("\n## " + service->name() + "\n"));
    for (int i = 0; i < service->method_count(); ++i) {
      EXPECT_THAT(page, HasSubstr("\n| `" + service->method(i)->name() + "` |"));
    }
  }
}

TEST(Docs, TheApiPageNamesEveryRule) {
  const std::string page = Page("api.md");
  int rule = 0;
  for (; RuleName(static_cast<Rule>(rule)) != "unknown"; ++rule) {
    const std::string name(RuleName(static_cast<Rule>(rule)));
    EXPECT_THAT(page, HasSubstr("`" + name + "`"));
  }
  EXPECT_GT(rule, 30) << "the rules were not walked";
}

}  // namespace
}  // namespace bitsd
