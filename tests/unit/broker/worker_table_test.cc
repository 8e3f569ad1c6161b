// How many workers there may be, and which are ended.

#include "server/broker/worker_table.h"

#include <sys/types.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "tests/testing/file_facts.h"

namespace bitsd {
namespace {

const Sid kSid(5, {21, 1, 2, 3, 1001});

TEST(WorkerTableTest, WorkersCountUntilTheyHaveEnded) {
  const wire::OpenWorkerRequest alice{kSid, {61001, 61001, {}}};
  const wire::OpenWorkerRequest bob{kSid, {61002, 61002, {}}};
  WorkerTable table;
  for (pid_t pid = 1; pid <= 4; ++pid) {
    EXPECT_EQ(Refusal(table.Admit(alice)), "ok");
    table.Add(pid, alice, UniqueFd());
  }
  EXPECT_EQ(Refusal(table.Admit(alice)), "unavailable");
  EXPECT_EQ(Refusal(table.Admit(bob)), "ok");
  table.Remove(2);
  EXPECT_EQ(Refusal(table.Admit(alice)), "ok");
}

TEST(WorkerTableTest, AccountsOfOnePosixIdentityHaveWorkersOfTheirOwn) {
  const PosixIdentity shared{61001, 61001, {}};
  WorkerTable table;
  for (uint32_t account = 1; account <= 40; ++account) {
    const wire::OpenWorkerRequest who{Sid(5, {21, account}), shared};
    EXPECT_EQ(Refusal(table.Admit(who)), "ok") << account;
    table.Add(static_cast<pid_t>(account), who, UniqueFd());
  }
}

TEST(WorkerTableTest, AWorkerIsEndedOnceAndCountsUntilItHas) {
  const wire::OpenWorkerRequest alice{kSid, {61001, 61001, {}}};
  WorkerTable table;
  for (pid_t pid = 1; pid <= 4; ++pid) table.Add(pid, alice, UniqueFd(::dup(0)));
  const auto stays = [](const wire::OpenWorkerRequest&) { return true; };
  const auto goes = [](const wire::OpenWorkerRequest&) { return false; };
  EXPECT_EQ(table.EndUnless(stays), 0u);
  EXPECT_EQ(table.EndUnless(goes), 4u);
  EXPECT_EQ(table.EndUnless(goes), 0u);
  EXPECT_EQ(Refusal(table.Admit(alice)), "unavailable");
}

}  // namespace
}  // namespace bitsd
