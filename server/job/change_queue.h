// The queue of a job's changes: decide -> commit -> apply -> answer.
//
// A change is decided against the newest version, uncommitted ones included. Grants take effect
// after the commit. Withdrawals take effect immediately; until one is durable the job is parked: it
// opens and sends nothing. A commit that fails leaves the withdrawals in force and is tried again;
// what was decided behind it is decided anew. The answer of a change that withdraws waits until
// nothing goes on under what was withdrawn.
//
// The queue knows nothing of the work but WorkControl. Thread safety: Submit and Erase are for any
// thread, without the job's lock; everything else is called with it. No I/O under the lock.
// Ownership: a part of its job, which outlives every commit under way.

#ifndef BITSD_SERVER_JOB_CHANGE_QUEUE_H_
#define BITSD_SERVER_JOB_CHANGE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/heap_optional.h"
#include "server/job/changes/job_version.h"
#include "server/job/job_core.h"
#include "server/job/shown_revision.h"
#include "server/model/job_store.h"

namespace bitsd {

struct JobChange {
  /// Turns the newest version into the next; pure, may run more than once. An error refuses the
  /// change.
  std::function<absl::StatusOr<JobVersion>(const JobVersion& newest)> decide;
  /// Gets the version that was committed, the refusal, or the store's error. Once; may be null.
  std::function<void(absl::StatusOr<JobVersion>)> done;
  /// Written in the same commit; may be null. Gets the decided record.
  std::function<std::optional<RequestRecord>(const JobRecordPtr&)> request;
  /// Watchers hear of it with the next progress (Job::HasNewProgress), and not at once. It makes no
  /// revision stale.
  bool is_progress = false;
  /// While Complete runs it waits, and is decided when that has ended.
  bool after_completion = false;
  /// Refused, stale_revision, when something other than progress came since this one was shown.
  std::optional<uint64_t> expected_revision;
};

/// The answer to a change: given once nothing is waited for any more.
struct ChangeAnswer {
  std::function<void(absl::StatusOr<JobVersion>)> done;
  absl::StatusOr<JobVersion> result;
  int waits = 1;  ///< For the commit; and for each piece of work that the change stops.
};
using ChangeAnswerPtr = std::shared_ptr<ChangeAnswer>;

/// What goes on for a job, as the queue of its changes steers it. Called with the job's lock held.
class WorkControl {
 public:
  virtual ~WorkControl() = default;

  /// Something else is in force or committed: work starts, stops or goes on by it.
  virtual void Evaluate(Deferred& deferred) = 0;
  /// Only stops what is not right any more beside the transfer.
  virtual void EvaluateBeside(Deferred& deferred) = 0;
  /// `answer` waits for everything that is stopping.
  virtual void AwaitStops(const ChangeAnswerPtr& answer) = 0;
  /// What work that has ended told last is in the store, or came to nothing.
  virtual void OnLastNewsTaken() = 0;
};

class ChangeQueue {
 public:
  /// `record` is in the store already. `revision`: what is shown has at least this one.
  ChangeQueue(JobCore& core, WorkControl& work, JobRecordPtr record, uint64_t revision);

  void Submit(JobChange change);
  /// A change nobody waits for.
  void SubmitNews(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide);
  /// Takes the job out of the store. Nothing of it is written from now on: every change that is not
  /// committed yet, and all that come, are refused.
  void Erase();

  bool erased() const { return erased_; }
  /// What the changes so far lead to.
  const JobVersion& Newest() const;
  /// What is committed, less withdrawals whose commit failed.
  const JobVersion& Committed() const { return base_; }
  /// What the store has.
  const JobRecord& Stored() const { return *durable_.record; }
  /// Committed, less everything that was withdrawn since.
  JobVersion InForce() const;
  /// A withdrawal is in force and not in the store.
  bool IsParked() const;
  bool IsEmpty() const { return pending_.empty(); }
  /// A commit failed, and what it should have written is not in the store yet.
  bool StoreIsBehind() const { return IsDirty() || resting_; }

  /// The revision of a view that is shown now.
  uint64_t RevisionOf(const JobView& view) const { return shown_.Of(view, base_.edited); }
  /// Progress was committed that watchers were not told of. They are, now.
  bool TakeUntoldProgress() { return std::exchange(untold_progress_, false); }

  /// Work has stopped: answers those who waited for it, once what it told last is in the store.
  void AnswerStopped(std::vector<ChangeAnswerPtr> answers, Deferred& deferred);
  /// One of the things that `answer` waits for is over.
  static void Finish(const ChangeAnswerPtr& answer, Deferred& deferred);

 private:
  struct Pending {
    JobChange change;
    JobVersion result;
    absl::Status refusal;
    ChangeAnswerPtr answer;
    /// Given once this is committed, or failed: the last news of the work that they stopped.
    std::vector<ChangeAnswerPtr> followers;
  };

  void Add(JobChange change, Deferred& deferred);
  void AddDeferred(Deferred& deferred);
  void RefuseErased(JobChange change, Deferred& deferred);
  void Decide(Pending& pending);
  /// `record` as the next revision after `before`.
  JobRecordPtr Revised(const JobRecord& record, const JobRecord& before) const;
  bool IsDirty() const { return base_.record != durable_.record; }
  bool IsCompleting() const { return base_.record->completing || Newest().record->completing; }

  // change_commit.cc
  void StartCommit(Deferred& deferred);
  std::vector<StoreChange> ChangesToCommit() const;
  void OnCommitted(const absl::Status& status);
  void CommitSucceeded(Deferred& deferred);
  void CommitFailed(const absl::Status& status, Deferred& deferred);
  /// `base_` is going to be `next`.
  void NoteOutcome(const JobRecordPtr& next, Deferred& deferred) const;
  void DropEndedToken(Deferred& deferred);
  void ScheduleStoreRetry(Deferred& deferred);
  /// No commit of the job is under way, and none will be.
  void EraseFromStore(Deferred& deferred);
  static void FinishAll(const std::vector<ChangeAnswerPtr>& answers, Deferred& deferred);

  JobCore& core_;
  WorkControl& work_;
  JobVersion durable_;  ///< What the store has.
  JobVersion base_;     ///< That, less withdrawals whose commit failed.
  std::list<Pending> pending_;
  size_t committing_ = 0;  ///< This many of pending_ are in the commit under way.
  HeapOptional<std::vector<JobChange>> deferred_;  ///< Until Complete has ended.
  mutable ShownRevision shown_;
  int store_failures_ = 0;
  bool commit_running_ = false;
  bool resting_ = false;  ///< A commit failed: nothing is started until it is tried again.
  bool erased_ = false;
  bool untold_progress_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CHANGE_QUEUE_H_
