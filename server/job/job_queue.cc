// The queue of changes of a job: decide -> commit -> apply -> answer.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/retry_backoff.h"
#include "server/error/errors.h"
#include "server/job/changes/job_changes.h"
#include "server/job/job.h"

namespace bitsd {
namespace {

absl::Status Gone(const JobId& id) {
  return error::NotFound(absl::StrCat("there is no job ", id.ToString()));
}

}  // namespace

Job::Job(JobEnvironment& environment, JobRecordPtr record, uint64_t revision)
    : environment_(environment),
      id_(record->id),
      owner_(environment.owners.Keep(record->owner)),
      elevated_(record->elevated),
      durable_{record, nullptr},
      base_{record, nullptr},
      shown_revision_(std::max(revision, record->revision)),
      shown_record_(record->revision),
      shown_record_from_(shown_revision_) {}

const JobVersion& Job::Newest() const { return pending_.empty() ? base_ : pending_.back().result; }

void Job::Submit(Change change) {
  Deferred deferred;
  {
    const std::lock_guard lock(mutex_);
    if (erased_) {
      RefuseErased(std::move(change), deferred);
    } else {
      SubmitLocked(std::move(change), deferred);
    }
  }
  Run(deferred);
}

/// What is still going on beside an erased job stops with whoever it goes on as, all the same.
void Job::RefuseErased(Change change, Deferred& deferred) {
  EvaluateBeside(deferred);
  const auto answer = std::make_shared<Answer>();
  answer->done = std::move(change.done);
  answer->result = Gone(id_);
  AwaitStops(answer);
  Finish(answer, deferred);
}

void Job::SubmitLocked(Change change, Deferred& deferred) {
  const bool completing = base_.record->completing || Newest().record->completing;
  if (change.after_completion && completing) {
    if (!deferred_) deferred_.emplace();
    deferred_->push_back(std::move(change));
    return;
  }
  const bool alone = pending_.empty() && !DirtyLocked();
  Pending pending;
  pending.result = Newest();
  pending.change = std::move(change);
  pending.answer = std::make_shared<Answer>();
  pending.answer->done = std::move(pending.change.done);
  const JobVersion before = pending.result;
  Decide(pending);
  const bool changes = pending.result != before;
  const JobVersion left = Withdrawn(before, pending.result);
  const bool withdraws = changes && left != before;
  // Its tickets do not wait for the store, which may hang: nobody comes back to them.
  if (before.token != nullptr && left.token == nullptr) before.token->DropDelegated();
  if (alone && !changes) {
    pending.answer->result = pending.refusal.ok() ? absl::StatusOr<JobVersion>(before)
                                                  : absl::StatusOr<JobVersion>(pending.refusal);
    // What the job has lost already may still be used beside its transfer.
    EvaluateBeside(deferred);
    // A repeat of what withdrew promises what the first call does.
    if (pending.refusal.ok()) AwaitStops(pending.answer);
    return Finish(pending.answer, deferred);
  }
  pending_.push_back(std::move(pending));
  Evaluate(deferred);
  if (withdraws || !changes) AwaitStops(pending_.back().answer);
  StartCommit(deferred);
}

/// What waited for the end of Complete is decided.
void Job::SubmitDeferred(Deferred& deferred) {
  if (!deferred_ || erased_ || base_.record->completing || Newest().record->completing) return;
  std::vector<Change> changes = std::move(*deferred_);
  deferred_.reset();
  for (Change& change : changes) SubmitLocked(std::move(change), deferred);
}

void Job::Decide(Pending& pending) {
  const JobVersion before = pending.result;
  absl::StatusOr<JobVersion> next = pending.change.decide(before);
  const auto& expected = pending.change.expected_revision;
  if (next.ok() && expected && IsStale(*expected, before)) {
    next = error::StaleRevision(absl::StrCat("the job has revision ", shown_revision_,
                                             " by now: read it again and decide anew"));
  }
  pending.refusal = next.status();
  if (!next.ok() || *next == before) return;
  next->record = Revised(*next->record, *before.record);
  pending.result = *std::move(next);
}

/// What only goes on (bytes, a token's end that is near) makes nothing stale.
bool Job::IsStale(uint64_t expected, const JobVersion& newest) const {
  const bool shown = newest.record->revision == shown_record_;
  return !shown || expected < shown_record_from_ || expected > shown_revision_;
}

JobRecordPtr Job::Revised(const JobRecord& record, const JobRecord& before) const {
  auto revised = std::make_shared<JobRecord>(record);
  revised->revision = std::max(before.revision, shown_revision_) + 1;
  revised->modification = environment_.clock.Now();
  return revised;
}

JobVersion Job::InForceLocked() const {
  JobVersion version = base_;
  for (const Pending& pending : pending_) version = Withdrawn(version, pending.result);
  return version;
}

bool Job::ParkedLocked() const {
  if (DirtyLocked()) return true;
  const JobVersion version = InForceLocked();
  const bool token_used = base_.record->token_flags != 0;
  return version.record != base_.record || (token_used && version.token != base_.token);
}

JobVersion Job::InForce() const {
  std::lock_guard lock(mutex_);
  return InForceLocked();
}

void Job::StartCommit(Deferred& deferred) {
  const bool due = !pending_.empty() || (DirtyLocked() && !resting_);
  if (commit_running_ || !due || erased_) return;
  std::vector<StoreChange> changes;
  StoreChange put;
  put.put = Newest().record;
  put.before = durable_.record;
  if (put.put != durable_.record) changes.push_back(std::move(put));
  for (const Pending& pending : pending_) {
    if (!pending.change.request || !pending.refusal.ok()) continue;
    StoreChange request;
    request.request = pending.change.request(pending.result.record);
    changes.push_back(std::move(request));
  }
  committing_ = pending_.size();
  commit_running_ = true;
  if (changes.empty()) {
    deferred.push_back([self = shared_from_this()] { self->OnCommitted(absl::OkStatus()); });
    return;
  }
  deferred.push_back([self = shared_from_this(), changes = std::move(changes)]() mutable {
    self->environment_.store.Commit(std::move(changes),
                                    [self](absl::Status status) { self->OnCommitted(status); });
  });
}

void Job::OnCommitted(const absl::Status& status) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    commit_running_ = false;
    if (!status.ok()) {
      CommitFailed(status, deferred);
    } else {
      store_failures_ = 0;
      resting_ = false;
      auto change = pending_.begin();
      for (size_t i = 0; i < committing_; ++i, ++change) {
        NoteOutcome(change->result.record, deferred);
        base_ = change->result;
      }
      durable_ = {base_.record, nullptr};
      std::vector<std::shared_ptr<Answer>> answers;
      bool progress_only = committing_ > 0;
      for (; committing_ > 0; --committing_, pending_.pop_front()) {
        Pending& first = pending_.front();
        progress_only = progress_only && first.change.is_progress;
        if (first.refusal.ok()) first.answer->result = std::move(first.result);
        if (!first.refusal.ok()) first.answer->result = first.refusal;
        for (const auto& follower : first.followers) Finish(follower, deferred);
        answers.push_back(std::move(first.answer));
      }
      if (run_is_over_ && pending_.empty()) ForgetShownRun();
      Evaluate(deferred);
      // First, so that whoever was answered and asks for news is told of it.
      if (progress_only) {
        file_news_ = true;
      } else {
        Changed(deferred);
      }
      for (const auto& answer : answers) {
        AwaitStops(answer);
        Finish(answer, deferred);
      }
      SubmitDeferred(deferred);
    }
    if (erased_) {
      EraseFromStore(deferred);
    } else {
      StartCommit(deferred);
    }
  }
  Run(deferred);
}

void Job::Erase() {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(erased_, true)) return;
    // Behind a commit that is under way: it would write the job back.
    if (!commit_running_) EraseFromStore(deferred);
  }
  Run(deferred);
}

bool Job::erased() const {
  std::lock_guard lock(mutex_);
  return erased_;
}

void Job::EraseFromStore(Deferred& deferred) {
  for (Pending& pending : pending_) {
    pending.answer->result = Gone(id_);
    Finish(pending.answer, deferred);
    for (const auto& follower : pending.followers) Finish(follower, deferred);
  }
  pending_.clear();
  if (deferred_) {
    for (Change& change : *deferred_) {
      if (change.done == nullptr) continue;
      deferred.push_back([done = std::move(change.done), id = id_] { done(Gone(id)); });
    }
    deferred_.reset();
  }
  deferred.push_back([self = shared_from_this()] {
    StoreChange change;
    change.erase = self->id_;
    // A store that refuses keeps the job as it is: a restart finds it whole, and purges it again.
    self->environment_.store.Commit({std::move(change)}, [](const absl::Status&) {});
  });
}

void Job::CommitFailed(const absl::Status& status, Deferred& deferred) {
  ++store_failures_;
  const JobRecordPtr before = base_.record;
  for (; committing_ > 0; --committing_, pending_.pop_front()) {
    Pending& first = pending_.front();
    JobVersion withdrawn = Withdrawn(base_, first.result);
    NoteOutcome(withdrawn.record, deferred);
    base_ = std::move(withdrawn);
    first.answer->result = first.refusal.ok() ? status : first.refusal;
    Finish(first.answer, deferred);
    for (const auto& follower : first.followers) Finish(follower, deferred);
  }
  DropEndedToken(deferred);
  if (base_.record != before) base_.record = Revised(*base_.record, *before);
  const JobVersion* newest = &base_;
  for (Pending& pending : pending_) {
    pending.result = *newest;
    Decide(pending);
    newest = &pending.result;
  }
  if (run_is_over_) ForgetShownRun();
  ScheduleStoreRetry(deferred);
  Evaluate(deferred);
  Changed(deferred);
  SubmitDeferred(deferred);
}

/// Of work that has ended nothing is shown any more.
void Job::ForgetShownRun() {
  run_is_over_ = false;
  phase_.reset();
  progress_.reset();
}

void Job::NoteOutcome(const JobRecordPtr& next, Deferred& deferred) const {
  const JobState state = next->state;
  const bool outcome = state == JobState::kError || state == JobState::kTransientError ||
                       state == JobState::kTransferred;
  const JobRecord& before = *base_.record;
  if (!outcome || (before.state == state && before.error_count == next->error_count)) return;
  deferred.push_back([this, self = shared_from_this(), next] { environment_.outcome(next); });
}

/// The change that took a token away is undone when the token behind it came to nothing; a token
/// that has ended since is not there again.
void Job::DropEndedToken(Deferred& deferred) {
  if (base_.token == nullptr || !base_.token->ended()) return;
  auto dropped = change::DropToken(base_);
  if (!dropped.ok()) return;
  NoteOutcome(dropped->record, deferred);
  base_ = *std::move(dropped);
}

void Job::ScheduleStoreRetry(Deferred& deferred) {
  if (std::exchange(resting_, true)) return;
  deferred.push_back([self = shared_from_this(), pause = StoreBackoff(store_failures_)] {
    self->environment_.timer.After(pause, [weak = self->weak_from_this()] {
      const auto job = weak.lock();
      if (job == nullptr) return;
      Deferred then;
      {
        std::lock_guard lock(job->mutex_);
        job->resting_ = false;
        job->StartCommit(then);
        job->Evaluate(then);
      }
      Run(then);
    });
  });
}

void Job::Finish(const std::shared_ptr<Answer>& answer, Deferred& deferred) {
  if (--answer->waits > 0 || answer->done == nullptr) return;
  deferred.push_back([answer] { answer->done(std::move(answer->result)); });
}

void Job::Run(Deferred& deferred) {
  for (auto& action : deferred) action();
}

void Job::Changed(Deferred& deferred) {
  deferred.push_back([self = shared_from_this()] { self->environment_.changed(self); });
}

}  // namespace bitsd
