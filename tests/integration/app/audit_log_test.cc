// The audit log of the real bitsd: refused calls, rotation; and that a watch does not hold up its
// end.

#include <cstdio>
#include <future>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class AuditLogTest : public BitsdTest {
 protected:
  std::string LogFile() { return bitsd().folder().File("own/log/audit.log"); }
};

TEST_F(AuditLogTest, ARefusedCallIsThereWithItsRuleAndWithoutTheHandle) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = CreateJob(fetcher);
  const bits::Handle handle = HandleFor(fetcher, job, "alice");
  EXPECT_FALSE(As("mallory").SetHelperToken(handle, Demo("mallory").sid).ok());
  const auto lines = bitsd().AwaitAudit("call_refused", 1);
  ASSERT_THAT(lines, SizeIs(1));
  const nlohmann::json& line = lines[0];
  EXPECT_EQ(line.value("caller_sid", ""), Demo("mallory").sid);
  EXPECT_EQ(line.value("method", ""), "/bits.v1.BitsTokenOptions/SetHelperToken");
  EXPECT_EQ(line.value("rule", ""), "handle_bound_to_another");
  EXPECT_THAT(line, SizeIs(6)) << "time, event, caller, method, error, rule: " << line;
}

TEST_F(AuditLogTest, RotatingNeedsARenameAndNothingElse) {
  const bits::Client fetcher = As("fetcher");
  CreateJob(fetcher);
  ASSERT_TRUE(WaitFor([&] { return bitsd().Audit("job_created").size() == 1; }));
  const std::string rotated = LogFile() + ".1";
  ASSERT_EQ(std::rename(LogFile().c_str(), rotated.c_str()), 0);
  const std::string second = CreateJob(fetcher);
  ASSERT_TRUE(WaitFor([&] { return bitsd().Audit("job_created").size() == 1; }));
  EXPECT_EQ(bitsd().Audit("job_created")[0].value("job", ""), second);
  EXPECT_THAT(ReadFile(rotated), HasSubstr("job_created"));
  EXPECT_THAT(ReadFile(rotated), Not(HasSubstr(second)));
}

TEST_F(AuditLogTest, AnOpenWatchIsToldAndDoesNotHoldUpTheEnd) {
  const bits::Client fetcher = As("fetcher");
  bits::JobWatch watch = fetcher.WatchJobs({});
  ASSERT_TRUE(watch.Next().ok());
  // A gRPC client that nobody uses does not look at its connection: this one is being read.
  auto reading = std::async(std::launch::async, [&watch] {
    auto event = watch.Next();
    while (event.ok() && *event) event = watch.Next();
    return event.status();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(bitsd().Stop().ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  const absl::Status end = reading.get();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(end.message()), HasSubstr("bitsd is stopping"));
  EXPECT_EQ(bits::ErrorOf(end).rule, "service_stopping");
}

}  // namespace
}  // namespace bitsd::tests
