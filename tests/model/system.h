// The real domain, driven by steps: job manager, sessions and policy over a store that can fail,
// with transfers and time played by hand. Everything happens on one thread, inside Play.
//
// Thread safety: one thread. Ownership: owns everything.

#ifndef BITSD_TESTS_MODEL_SYSTEM_H_
#define BITSD_TESTS_MODEL_SYSTEM_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/job/calls/job_manager.h"
#include "server/session/session_table.h"
#include "tests/model/sight.h"
#include "tests/model/step.h"
#include "tests/testing/fakes/fault_store.h"
#include "tests/testing/fakes/manual_clock.h"
#include "tests/testing/fakes/manual_timer.h"
#include "tests/testing/fakes/memory_audit.h"
#include "tests/testing/fakes/row_store.h"
#include "tests/testing/fakes/scripted_identities.h"
#include "tests/testing/fakes/scripted_transfers.h"

namespace bitsd::model {

class System {
 public:
  explicit System(bool windows7);
  ~System();

  Answer Play(const Step& step);

  /// Nothing when the job is gone.
  std::optional<Sight> See(size_t job) const;
  /// What it shows is in the store.
  bool IsStored(size_t job) const;
  /// What the store could not write, or not read again; empty when all is well.
  const std::string& StoreFaults() const { return memory_.faults(); }
  absl::Time Now() const { return clock_.Now(); }
  /// Of every session there ever was, in the order of opening: until when it is open, if it is.
  std::vector<std::optional<absl::Time>> Sessions() const;

 private:
  class Accounts : public AccountDirectory {
   public:
    std::shared_ptr<const Account> Find(const Sid& sid) const override {
      const auto it = by_sid.find(sid);
      return it == by_sid.end() ? nullptr : it->second;
    }
    std::map<Sid, std::shared_ptr<const Account>> by_sid;
  };
  using Run = std::shared_ptr<ScriptedTransfers::Run>;

  void Start();
  std::shared_ptr<const AccessToken> TokenOf(const Step& step) const;
  std::optional<SessionId> Named(const Step& step) const;
  void Remember(const SessionId& id);
  Answer Call(const Step& step, const Caller& caller);
  Answer Complete(const Step& step, const Caller& caller, const JobId& job);
  Answer OnHandle(const Step& step, const Caller& caller);
  Answer Logon(const Step& step);
  Answer Logoff(const Step& step);
  void EditAccount(const Step& step);
  void PlayDownload(const Step& step);
  /// Now and then a text is as long as it may be: more often costs too much time.
  bool NextIsLarge() { return ++names_ % 16 == 0; }
  /// Files and failures as hostile servers make them, each time others.
  FileProgress HostileProgress(const FileRecord& file);
  TransferFailure HostileFailure();
  const JobId& JobOf(const Step& step) const {
    return jobs_[static_cast<size_t>(step.on) % jobs_.size()];
  }
  /// What goes on for a job; null: nothing.
  Run RunOf(const JobId& job) const;
  absl::StatusOr<JobView> View(const JobId& job) const;

  JobManager::Options options_;
  ManualClock clock_;
  Accounts accounts_;
  MemoryAudit audit_;
  RowStore memory_;
  FaultStore store_{memory_};
  ManualTimer timer_{clock_};
  std::unique_ptr<ScriptedTransfers> transfers_;
  ScriptedIdentities identities_;
  std::unique_ptr<SessionTable> sessions_;
  std::unique_ptr<JobManager> manager_;
  std::vector<JobId> jobs_;
  std::vector<std::string> handles_;
  std::vector<SessionId> opened_;
  std::vector<SessionId> logons_;
  uint32_t hostilities_ = 0;
  uint32_t names_ = 0;
};

}  // namespace bitsd::model

#endif  // BITSD_TESTS_MODEL_SYSTEM_H_
