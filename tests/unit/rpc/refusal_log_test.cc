// How many refused calls are written to the audit log.

#include "server/rpc/refusal_log.h"

#include <string>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/fakes/manual_clock.h"
#include "tests/testing/fakes/memory_audit.h"

namespace bitsd::rpc {
namespace {

TEST(RefusalLogTest, WhoeverIsNotAcceptedSharesOneBudgetHoweverManySids) {
  MemoryAudit audit;
  ManualClock clock;
  RefusalLog log(audit, clock);
  const absl::Status unknown = error::Unauthenticated(Rule::kUnknownAccount, "who");
  for (uint32_t i = 0; i < 1000; ++i) log.Add("/m", {Sid{5, {21, i}}, "", ""}, unknown);
  EXPECT_LE(audit.Count("call_refused"), 25u);
}

TEST(RefusalLogTest, AllCallersTogetherAreBounded) {
  MemoryAudit audit;
  ManualClock clock;
  RefusalLog log(audit, clock);
  const absl::Status denied = error::AccessDenied(Rule::kJobAccess, "no");
  for (uint32_t i = 0; i < 20'000; ++i) log.Add("/m", {Sid{5, {21, i}}, "", ""}, denied);
  EXPECT_LE(audit.Count("call_refused"), 400u);
}

}  // namespace
}  // namespace bitsd::rpc
