// How many credential agents there may be.

#include "server/broker/agent_table.h"

#include <sys/types.h>

#include "gtest/gtest.h"
#include "tests/testing/file_facts.h"

namespace bitsd {
namespace {

const Sid kSid(5, {21, 1, 2, 3, 1001});

TEST(AgentTableTest, AgentsAreBoundedAndCountUntilTheyHaveEnded) {
  const wire::OpenAgentRequest keytab{kSid, KerberosAccount{"a@B", "/a", ""}, std::nullopt};
  const wire::OpenAgentRequest delegated{kSid, std::nullopt, std::nullopt};
  AgentTable table;
  pid_t pid = 1;
  for (size_t i = 0; i < AgentTable::kMaxPerCredentials; ++i) {
    EXPECT_EQ(Refusal(table.Admit(keytab)), "ok");
    table.Add(pid++, keytab, UniqueFd());
  }
  EXPECT_EQ(Refusal(table.Admit(keytab)), "unavailable");
  for (size_t i = 0; i < AgentTable::kMaxDelegatedPerUser; ++i) {
    EXPECT_EQ(Refusal(table.Admit(delegated)), "ok");
    table.Add(pid++, delegated, UniqueFd());
  }
  EXPECT_EQ(Refusal(table.Admit(delegated)), "unavailable");
  table.Remove(1);
  EXPECT_EQ(Refusal(table.Admit(keytab)), "ok");
  const auto of = [](uint32_t user) { return Sid(5, {21, user}); };
  for (uint32_t i = AgentTable::kMaxDelegatedPerUser; i < AgentTable::kMaxDelegated; ++i) {
    EXPECT_EQ(Refusal(table.Admit({of(i), std::nullopt, std::nullopt})), "ok");
    table.Add(pid++, {of(i), std::nullopt, std::nullopt}, UniqueFd());
  }
  EXPECT_EQ(Refusal(table.Admit({of(1), std::nullopt, std::nullopt})), "unavailable");
  EXPECT_EQ(Refusal(table.Admit(keytab)), "ok") << "loans leave room for the directory's";
  while (table.size() < AgentTable::kMaxAgents) {
    table.Add(pid, {of(static_cast<uint32_t>(pid)), keytab.kerberos, std::nullopt}, UniqueFd());
    ++pid;
  }
  EXPECT_EQ(Refusal(table.Admit(keytab)), "unavailable");
}

}  // namespace
}  // namespace bitsd
