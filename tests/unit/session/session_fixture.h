// A session table over a real store that can be held back or made to fail, with clocks that a test
// moves.
//
// Thread safety: one test thread drives it. Ownership: owns everything it hands out.

#ifndef BITSD_TESTS_UNIT_SESSION_SESSION_FIXTURE_H_
#define BITSD_TESTS_UNIT_SESSION_SESSION_FIXTURE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/session/session_table.h"
#include "server/store/memory_store.h"
#include "tests/testing/fakes/fake_account_directory.h"
#include "tests/testing/fakes/fault_store.h"
#include "tests/testing/fakes/manual_clock.h"
#include "tests/testing/fakes/memory_audit.h"
#include "tests/testing/reply.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd {

using policy::kAlice;
using policy::kMallory;
using policy::kRoot;
using policy::TokenOf;

class SessionFixture : public testing::Test {
 protected:
  SessionFixture() {
    for (const Sid& sid : {kAlice, kMallory, kRoot}) SetAccount(sid);
  }
  ~SessionFixture() override {
    store_.ReleaseAll();
    timer_.Stop();
  }

  SessionTable& table() {
    if (table_ == nullptr) {
      table_ = std::make_unique<SessionTable>(
          SessionTable::Deps{store_, audit_, accounts_, clock_, steady_, timer_}, limits_);
    }
    return *table_;
  }

  void SetAccount(const Sid& sid, bool service = false, bool disabled = false) {
    Account account;
    account.sid = sid;
    account.service = service;
    account.disabled = disabled;
    accounts_.Put(std::move(account));
  }

  /// Another process on the same store.
  SessionTable& Restart() {
    table_ = nullptr;
    std::vector<SessionRecord> records;
    EXPECT_TRUE(
        memory_
            .Load({[](const JobRecordPtr&) {}, [](const RequestRecord&) {},
                   [&](const SessionRecord& record) { records.push_back(record); }, nullptr})
            .ok());
    for (const SessionRecord& record : records) table().Restore(record);
    return table();
  }

  Reply<absl::StatusOr<SessionPtr>> Begin(const AccessToken& caller,
                                          std::optional<absl::Duration> ttl = std::nullopt) {
    Reply<absl::StatusOr<SessionPtr>> reply;
    EXPECT_TRUE(table().Logon(
        caller, ttl, [] { return true; }, reply.Callback()));
    return reply;
  }
  SessionPtr Logon(const Sid& user, std::optional<absl::Duration> ttl = std::nullopt) {
    return *Begin(TokenOf(user), ttl).Get();
  }
  absl::Status Logoff(const AccessToken& caller, std::optional<SessionId> id) {
    Reply<absl::Status> reply;
    table().Logoff(caller, id, reply.Callback());
    return reply.Get();
  }
  std::string Use(const Sid& user, const SessionPtr& session) {
    return policy::Verdict(table().ForCall(TokenOf(user), session->id()).status());
  }
  size_t Stored() {
    size_t count = 0;
    EXPECT_TRUE(memory_
                    .Load({[](const JobRecordPtr&) {}, [](const RequestRecord&) {},
                           [&](const SessionRecord&) { ++count; }, nullptr})
                    .ok());
    return count;
  }

  ManualClock clock_;
  ManualClock steady_;
  FakeAccountDirectory accounts_;
  MemoryAudit audit_;
  MemoryStore memory_;
  FaultStore store_{memory_};
  Timer timer_;
  policy::SessionLimits limits_;
  std::unique_ptr<SessionTable> table_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_SESSION_SESSION_FIXTURE_H_
