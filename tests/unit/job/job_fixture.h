// A job manager with a real store that can be held back or made to fail, hand-played transfers, and
// the usual identities.
//
// Thread safety: one test thread drives it. Ownership: owns everything it hands out.

#ifndef BITSD_TESTS_UNIT_JOB_JOB_FIXTURE_H_
#define BITSD_TESTS_UNIT_JOB_JOB_FIXTURE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/job/calls/job_manager.h"
#include "server/session/session_table.h"
#include "server/store/memory_store.h"
#include "tests/testing/fakes/fake_account_directory.h"
#include "tests/testing/fakes/fault_store.h"
#include "tests/testing/fakes/memory_audit.h"
#include "tests/testing/fakes/moving_clock.h"
#include "tests/testing/fakes/scripted_identities.h"
#include "tests/testing/fakes/scripted_transfers.h"
#include "tests/testing/reply.h"

namespace bitsd {

inline const Sid kFetcher{5, {21, 1, 2, 3, 1001}};
inline const Sid kAlice{5, {21, 1, 2, 3, 1002}};
inline const Sid kMallory{5, {21, 1, 2, 3, 1003}};
inline const Sid kAdmin{5, {21, 1, 2, 3, 500}};

class JobFixture : public testing::Test {
 protected:
  JobFixture() {
    AddAccount(kFetcher, "fetcher", 61001, false);
    AddAccount(kAlice, "alice", 61002, false);
    AddAccount(kMallory, "mallory", 61003, false);
    AddAccount(kAdmin, "admin", 61004, true);
  }
  ~JobFixture() override {
    store_.Fail(absl::OkStatus());
    store_.ReleaseAll();
    // What a killed one had under way holds its job, and a process that is killed frees it.
    transfers_.StopAtOnce(true);
    for (const auto& killed : killed_) killed->Shutdown([] {});
    timer_.Stop();
  }

  /// The manager, made at the first use so that a test can set `options_` before.
  JobManager& jobs() {
    if (manager_ == nullptr) {
      manager_ =
          std::make_unique<JobManager>(JobManager::Deps{store_, transfers_, accounts_, audit_,
                                                        clock_, timer_, sessions_, identities_},
                                       options_);
    }
    return *manager_;
  }

  /// As after a kill: another manager finds what is in the store. The one before it hangs.
  void Restart() {
    if (manager_ != nullptr) killed_.push_back(std::move(manager_));
    EXPECT_TRUE(jobs().Restore([](const SessionRecord&) {}).ok());
  }

  void AddAccount(const Sid& sid, const std::string& name, uid_t uid, bool admin) {
    Account account;
    account.sid = sid;
    account.name = name;
    account.posix = PosixIdentity{uid, uid, {}};
    if (admin) {
      account.groups = {{kAdministratorsSid, kGroupEnabled}};
      account.filtered = PosixIdentity{uid + 100, uid + 100, {}};
    }
    accounts_.Put(std::move(account));
  }

  Caller As(const Sid& sid) {
    const auto account = accounts_.Find(sid);
    auto token = std::make_shared<AccessToken>();
    token->user = sid;
    token->account_name = account->name;
    token->groups = account->groups;
    token->posix = account->posix;
    token->network = account->network;
    token->certificate_not_after = absl::Now() + absl::Hours(24);
    return {std::move(token), sessions_.Default(sid)};
  }

  JobId Create(const Caller& caller, const std::string& name = "job",
               JobPriority priority = JobPriority::kNormal) {
    NewJob job;
    job.display_name = name;
    job.priority = priority;
    Reply<absl::StatusOr<JobView>> reply;
    jobs().CreateJob(caller, job, reply.Callback());
    return reply.Get()->record->id;
  }

  /// `count` files with a local name each, the first of which is /d/f.
  static std::vector<NewFile> Files(size_t count) {
    std::vector<NewFile> files;
    for (size_t i = 0; i < count; ++i) {
      files.push_back({"http://192.0.2.1/f", "/d/f" + (i == 0 ? "" : std::to_string(i))});
    }
    return files;
  }

  absl::Status AddFile(const Caller& caller, const JobId& id, const std::string& path = "/d/f") {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().AddFiles(caller, id, {{"http://192.0.2.1/f", path}}, "", reply.Callback());
    return reply.Get().status();
  }

  absl::StatusOr<JobView> Resume(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().Resume(caller, id, reply.Callback());
    return reply.Get();
  }

  /// A job of `caller` with one file that wants to run.
  JobId Running(const Caller& caller, JobPriority priority = JobPriority::kNormal) {
    const JobId id = Create(caller, "job", priority);
    EXPECT_TRUE(AddFile(caller, id).ok());
    EXPECT_TRUE(Resume(caller, id).ok());
    return id;
  }

  std::string Handle(const Caller& caller, const JobId& id, std::optional<Sid> helper = {}) {
    return *jobs().QueryInterface(caller, id, helper);
  }

  Reply<absl::Status> SetFlags(const Caller& caller, const std::string& handle, uint32_t flags) {
    Reply<absl::Status> reply;
    jobs().SetHelperTokenFlags(caller, handle, flags, reply.Callback());
    return reply;
  }

  Reply<absl::StatusOr<absl::Time>> SetToken(const Caller& caller, const std::string& handle,
                                             Loan loan = {}) {
    Reply<absl::StatusOr<absl::Time>> reply;
    jobs().SetHelperToken(caller, handle, std::move(loan), reply.Callback());
    return reply;
  }

  Reply<absl::Status> ClearToken(const Caller& caller, const std::string& handle) {
    Reply<absl::Status> reply;
    jobs().ClearHelperToken(caller, handle, reply.Callback());
    return reply;
  }

  JobView View(const Caller& caller, const JobId& id) { return *jobs().GetJob(caller, id); }

  /// Waits until `condition` holds, at most ten seconds, looking again after each timer tick.
  static bool Eventually(const std::function<bool()>& condition) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      never.wait_for(lock, std::chrono::milliseconds(2));
    }
    return true;
  }

  /// The download of the only file ends well.
  void FinishDownload() {
    const auto run = transfers_.last();
    FileProgress progress;
    progress.temporary =
        TemporaryFile{"/d/.BIT0000000000000001.tmp", run->download.local.sid, FileId{1, 2}};
    progress.size = progress.synced = 10;
    progress.transferred = true;
    run->events->OnFile(0, progress, std::nullopt);
    run->events->OnDone();
  }

  JobManager::Options options_;
  MovingClock clock_;
  SteadyClock steady_;
  FakeAccountDirectory accounts_;
  MemoryAudit audit_;
  MemoryStore memory_;
  FaultStore store_{memory_};
  ScriptedTransfers transfers_;
  ScriptedIdentities identities_;
  Timer timer_{clock_};
  /// The sessions' own store: commits are counted and held back for jobs only.
  MemoryStore session_memory_;
  FaultStore session_store_{session_memory_};
  policy::SessionLimits limits_;
  SessionTable sessions_{{session_store_, audit_, accounts_, clock_, steady_, timer_}, limits_};
  std::vector<std::unique_ptr<JobManager>> killed_;
  std::unique_ptr<JobManager> manager_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_JOB_JOB_FIXTURE_H_
