// The documentation's rules, once more and as short as they can be said: what every call answers
// and what every job shows, for one caller at a time.
//
// Written from docs/semantics.md and the contract, not from the code: it knows no queue, no lock
// and no callback. Where the documents leave a moment open (when the store is tried again), the job
// is `unsettled`: until the next wait only what must not happen is predicted.
//
// Thread safety: one thread. Ownership: values.

#ifndef BITSD_TESTS_MODEL_REFERENCE_MODEL_H_
#define BITSD_TESTS_MODEL_REFERENCE_MODEL_H_

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/model/sight.h"
#include "tests/model/step.h"

namespace bitsd::model {

class ReferenceModel {
 public:
  ReferenceModel(bool windows7, absl::Time now);

  /// The answers that are right; nothing: the step is not possible now, and left out.
  std::optional<std::vector<Answer>> Play(const Step& step);

  size_t jobs() const { return jobs_.size(); }
  bool IsPurged(size_t job) const { return jobs_[job].purged; }
  bool IsSettled(size_t job) const { return !jobs_[job].unsettled; }
  /// Nothing of the job is missing in the store.
  bool IsStored(size_t job) const { return jobs_[job].now == jobs_[job].stored; }
  Sight See(size_t job) const;
  /// Takes what an unsettled job shows where the documents leave it open; says what is wrong.
  std::string Adopt(size_t job, const Sight& seen, bool is_stored);
  /// After a restart: of every session, until when it is open, if it is. False: another number.
  bool AdoptSessions(const std::vector<std::optional<absl::Time>>& deadlines);

 private:
  struct Account {
    bool there = true;
    bool disabled = false;
    bool administrator = false;
    int uid = 0;
    int version = 0;  ///< Rises when something of it changes that jobs and tokens depend on.
    bool stands() const { return there && !disabled; }
  };
  struct Shown {  ///< Who a caller is in one call.
    int who = 0;
    bool administrator = false;
    int uid = 0;  ///< 0: opens nothing.
    bool filtered = false;
  };
  struct Loan {
    Shown lender;
    size_t session = 0;
    absl::Time end;
    int number = 0;
    bool ActsAs(const Loan& other) const {
      return lender.who == other.lender.who && lender.filtered == other.lender.filtered &&
             lender.uid == other.lender.uid;
    }
  };
  struct Record {
    JobState state = JobState::kSuspended;
    uint32_t flags = 0;
    int files = 0;
    int transferred = 0;
    Hresult error = Hresult::kOk;
    std::string error_rule;
    uint32_t error_count = 0;
    std::optional<absl::Time> retry;
    std::optional<absl::Time> no_progress_since;
    friend bool operator==(const Record&, const Record&) = default;
  };
  struct Run {
    int uid = 0;
    bool as_helper = false;
    bool helper_sends = false;
    int sender = 0;
    int account_version = 0;
    int files = 0;
    bool transferring = false;
  };
  struct Job {
    int owner = 0;
    bool elevated = false;
    Record now;
    Record stored;
    std::optional<Loan> loan;
    bool unsettled = false;
    bool purged = false;
    std::optional<absl::Time> finished;
    std::optional<Run> run;
    int bytes_at_failure = 0;
  };
  struct Handle {
    size_t job = 0;
    Shown acquirer;
    bool as_owner = false;
    int helper = -1;
    size_t session = 0;
    absl::Time certificate_end;
    bool ended = false;
  };
  struct Session {
    int user = 0;
    bool standard = false;
    absl::Time deadline;
    absl::Time last_end;
    bool open = true;
    bool end_stored = false;
  };
  using Answers = std::vector<Answer>;
  /// What a job would open its local files as; or why it cannot.
  struct Opener {
    Answer refusal;
    int uid = 0;
    bool as_helper = false;
  };

  // Calls (model_calls.cc).
  bool IsPossible(const Step& step) const;
  Answers Call(const Step& step, const Shown& caller, size_t session);
  Answers Create(const Shown& caller);
  Answers OnJob(const Step& step, const Shown& caller);
  Answer AddFile(Job& job);
  Answer Resume(Job& job);
  Answer Complete(const Step& step, Job& job);
  Answer List(const Step& step, const Shown& caller) const;
  Answer AcquireHandle(const Step& step, const Shown& caller, size_t session);
  Answers OnHandle(const Step& step, const Shown& caller, size_t session);
  Answers Lend(const Step& step, const Shown& caller, Handle& handle, size_t session);
  Answer MayPresent(const Handle& handle, const Shown& caller, Op call) const;
  Answer MayUse(const Handle& handle, const Job& job, bool admin_token) const;
  static Answer MayOpen(const Shown& caller, const Job& job);

  // Jobs (model_jobs.cc).
  Answer Change(Job& job, Record next, std::optional<Loan> loan, bool always = false);
  Answer Drop(Job& job);
  void Retry(Job& job);
  void Fail(Job& job, Hresult error, const std::string& rule, bool transient);
  Opener OpenerOf(const Job& job) const;
  void Settle();
  void Settle(Job& job);
  bool OwnerRuns(const Job& job) const;
  bool DownloadStep(const Step& step);

  // Sessions, accounts, time (model_world.cc).
  std::optional<Shown> ShownBy(const Step& step) const;
  /// The session of a call, or the refusal.
  Answer EnterSession(const Step& step, size_t& session);
  size_t StandardSession(int user);
  bool IsLoggedOn(int user) const;
  void EndSession(size_t session);
  void DiscardOf(size_t session);
  void DiscardOfOwner(int owner);
  Answers Logon(const Step& step, int who);
  Answers Logoff(const Step& step, const Shown& caller);
  void EditAccount(const Step& step);
  bool Pass(absl::Duration time);
  void Happen(absl::Time until);
  void Restart();

  const bool windows7_;
  absl::Time now_;
  bool store_works_ = true;
  bool store_failed_ = false;  ///< Since the last wait.
  int loans_ = 0;
  std::array<Account, kCast.size()> accounts_;
  std::vector<Job> jobs_;
  std::vector<Handle> handles_;
  std::vector<Session> sessions_;  ///< Default ones and those of Logon, in the order of opening.
  std::vector<size_t> logons_;     ///< Those that Step::in names.
};

}  // namespace bitsd::model

#endif  // BITSD_TESTS_MODEL_REFERENCE_MODEL_H_
