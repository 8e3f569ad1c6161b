// The commits of a job's queue of changes: what succeeds is applied and answered, what fails stays
// withdrawn and is tried again.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/retry_backoff.h"
#include "server/error/errors.h"
#include "server/job/change_queue.h"
#include "server/job/changes/job_changes.h"

namespace bitsd {
namespace {

absl::Status Gone(const JobId& id) {
  return error::NotFound(absl::StrCat("there is no job ", id.ToString()));
}

}  // namespace

void ChangeQueue::StartCommit(Deferred& deferred) {
  const bool due = !pending_.empty() || (IsDirty() && !resting_);
  if (commit_running_ || !due || erased_) return;
  std::vector<StoreChange> changes = ChangesToCommit();
  committing_ = pending_.size();
  commit_running_ = true;
  if (changes.empty()) {
    deferred.push_back([this, self = core_.shared_from_this()] { OnCommitted(absl::OkStatus()); });
    return;
  }
  deferred.push_back(
      [this, self = core_.shared_from_this(), changes = std::move(changes)]() mutable {
        core_.environment().store.Commit(
            std::move(changes), [this, self](absl::Status status) { OnCommitted(status); });
      });
}

std::vector<StoreChange> ChangeQueue::ChangesToCommit() const {
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
  return changes;
}

void ChangeQueue::OnCommitted(const absl::Status& status) {
  core_.Locked([&](Deferred& deferred) {
    commit_running_ = false;
    status.ok() ? CommitSucceeded(deferred) : CommitFailed(status, deferred);
    if (erased_) {
      EraseFromStore(deferred);
    } else {
      StartCommit(deferred);
    }
  });
}

void ChangeQueue::CommitSucceeded(Deferred& deferred) {
  store_failures_ = 0;
  resting_ = false;
  auto change = pending_.begin();
  for (size_t i = 0; i < committing_; ++i, ++change) {
    NoteOutcome(change->result.record, deferred);
    base_ = change->result;
  }
  durable_ = {base_.record, nullptr, base_.edited};
  std::vector<ChangeAnswerPtr> answers;
  bool progress_only = committing_ > 0;
  for (; committing_ > 0; --committing_, pending_.pop_front()) {
    Pending& first = pending_.front();
    progress_only = progress_only && first.change.is_progress;
    if (first.refusal.ok()) first.answer->result = std::move(first.result);
    if (!first.refusal.ok()) first.answer->result = first.refusal;
    FinishAll(first.followers, deferred);
    answers.push_back(std::move(first.answer));
  }
  if (pending_.empty()) work_.OnLastNewsTaken();
  work_.Evaluate(deferred);
  // First, so that whoever was answered and asks for news is told of it.
  if (progress_only) {
    untold_progress_ = true;
  } else {
    core_.Changed(deferred);
  }
  for (const ChangeAnswerPtr& answer : answers) {
    work_.AwaitStops(answer);
    Finish(answer, deferred);
  }
  AddDeferred(deferred);
}

void ChangeQueue::CommitFailed(const absl::Status& status, Deferred& deferred) {
  ++store_failures_;
  const JobRecordPtr before = base_.record;
  for (; committing_ > 0; --committing_, pending_.pop_front()) {
    Pending& first = pending_.front();
    JobVersion withdrawn = Withdrawn(base_, first.result);
    NoteOutcome(withdrawn.record, deferred);
    base_ = std::move(withdrawn);
    first.answer->result = first.refusal.ok() ? status : first.refusal;
    Finish(first.answer, deferred);
    FinishAll(first.followers, deferred);
  }
  DropEndedToken(deferred);
  if (base_.record != before) {
    base_.record = Revised(*base_.record, *before);
    base_.edited = base_.record->revision;
  }
  const JobVersion* newest = &base_;
  for (Pending& pending : pending_) {
    pending.result = *newest;
    Decide(pending);
    newest = &pending.result;
  }
  work_.OnLastNewsTaken();
  ScheduleStoreRetry(deferred);
  work_.Evaluate(deferred);
  core_.Changed(deferred);
  AddDeferred(deferred);
}

void ChangeQueue::NoteOutcome(const JobRecordPtr& next, Deferred& deferred) const {
  const JobState state = next->state;
  const bool outcome = state == JobState::kError || state == JobState::kTransientError ||
                       state == JobState::kTransferred;
  const JobRecord& before = *base_.record;
  if (!outcome || (before.state == state && before.error_count == next->error_count)) return;
  deferred.push_back(
      [this, self = core_.shared_from_this(), next] { core_.environment().outcome(next); });
}

/// The change that took a token away is undone when the token behind it came to nothing; a token
/// that has ended since is not there again.
void ChangeQueue::DropEndedToken(Deferred& deferred) {
  if (base_.token == nullptr || !base_.token->ended()) return;
  auto dropped = change::DropToken(base_);
  if (!dropped.ok()) return;
  NoteOutcome(dropped->record, deferred);
  base_ = *std::move(dropped);
}

void ChangeQueue::ScheduleStoreRetry(Deferred& deferred) {
  if (std::exchange(resting_, true)) return;
  deferred.push_back(
      [this, self = core_.shared_from_this(), pause = StoreBackoff(store_failures_)] {
        core_.environment().timer.After(pause, [this, weak = core_.weak_from_this()] {
          const auto job = weak.lock();
          if (job == nullptr) return;
          core_.Locked([this](Deferred& then) {
            resting_ = false;
            StartCommit(then);
            work_.Evaluate(then);
          });
        });
      });
}

/// What is still going on beside an erased job stops with whoever it goes on as, all the same.
void ChangeQueue::RefuseErased(JobChange change, Deferred& deferred) {
  work_.EvaluateBeside(deferred);
  const auto answer = std::make_shared<ChangeAnswer>();
  answer->done = std::move(change.done);
  answer->result = Gone(core_.id());
  work_.AwaitStops(answer);
  Finish(answer, deferred);
}

void ChangeQueue::Erase() {
  core_.Locked([this](Deferred& deferred) {
    if (std::exchange(erased_, true)) return;
    // Behind a commit that is under way: it would write the job back.
    if (!commit_running_) EraseFromStore(deferred);
  });
}

void ChangeQueue::EraseFromStore(Deferred& deferred) {
  for (Pending& pending : pending_) {
    pending.answer->result = Gone(core_.id());
    Finish(pending.answer, deferred);
    FinishAll(pending.followers, deferred);
  }
  pending_.clear();
  if (deferred_) {
    for (JobChange& change : *deferred_) {
      if (change.done == nullptr) continue;
      deferred.push_back([done = std::move(change.done), id = core_.id()] { done(Gone(id)); });
    }
    deferred_.reset();
  }
  deferred.push_back([this, self = core_.shared_from_this()] {
    StoreChange change;
    change.erase = core_.id();
    // A store that refuses keeps the job as it is: a restart finds it whole, and purges it again.
    core_.environment().store.Commit({std::move(change)}, [](const absl::Status&) {});
  });
}

}  // namespace bitsd
