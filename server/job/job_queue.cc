// The queue of changes of a job: decide -> commit -> apply -> answer.

#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/job.h"
#include "server/job/job_changes.h"
#include "server/store/retry_backoff.h"

namespace bitsd {
namespace {

absl::Status Gone(const JobId& id) {
  return error::NotFound(absl::StrCat("there is no job ", id.ToString()));
}

}  // namespace

Job::Job(JobEnvironment& environment, JobRecordPtr record)
    : environment_(environment),
      id_(record->id),
      owner_(environment.owners.Keep(record->owner)),
      elevated_(record->elevated),
      durable_{record, nullptr},
      base_{std::move(record), nullptr} {}

const JobVersion& Job::Newest() const { return pending_.empty() ? base_ : pending_.back().result; }

void Job::Submit(Change change) {
  Later later;
  {
    std::unique_lock lock(mutex_);
    if (erased_) {
      lock.unlock();
      if (change.done != nullptr) change.done(Gone(id_));
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
      // A repeat of what withdrew promises what the first call does.
      if (stopping_ && pending.refusal.ok()) {
        waiting_for_stop_.push_back(pending.answer);
      } else {
        Finish(pending.answer, later);
      }
    } else {
      pending_.push_back(std::move(pending));
      Evaluate(later);
      if ((withdraws || !changes) && stopping_) {
        ++pending_.back().answer->waits;
        waiting_for_stop_.push_back(pending_.back().answer);
      }
      StartCommit(later);
    }
  }
  Run(later);
}

void Job::Decide(Pending& pending) {
  const JobVersion before = pending.result;
  absl::StatusOr<JobVersion> next = pending.change.decide(before);
  pending.refusal = next.status();
  if (!next.ok() || *next == before) return;
  next->record = Revised(*next->record, *before.record);
  pending.result = *std::move(next);
}

JobRecordPtr Job::Revised(const JobRecord& record, const JobRecord& before) const {
  auto revised = std::make_shared<JobRecord>(record);
  revised->revision = before.revision + 1;
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

void Job::StartCommit(Later& later) {
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
    later.push_back([self = shared_from_this()] { self->OnCommitted(absl::OkStatus()); });
    return;
  }
  later.push_back([self = shared_from_this(), changes = std::move(changes)]() mutable {
    self->environment_.store.Commit(std::move(changes),
                                    [self](absl::Status status) { self->OnCommitted(status); });
  });
}

void Job::OnCommitted(const absl::Status& status) {
  Later later;
  {
    std::lock_guard lock(mutex_);
    commit_running_ = false;
    if (!status.ok()) {
      CommitFailed(status, later);
    } else {
      store_failures_ = 0;
      resting_ = false;
      if (committing_ > 0)
        base_ = std::next(pending_.begin(), static_cast<ptrdiff_t>(committing_) - 1)->result;
      durable_ = {base_.record, nullptr};
      std::vector<std::shared_ptr<Answer>> answers;
      bool progress_only = committing_ > 0;
      for (; committing_ > 0; --committing_, pending_.pop_front()) {
        Pending& first = pending_.front();
        progress_only = progress_only && first.change.is_progress;
        if (first.refusal.ok()) first.answer->result = std::move(first.result);
        if (!first.refusal.ok()) first.answer->result = first.refusal;
        for (const auto& follower : first.followers) Finish(follower, later);
        answers.push_back(std::move(first.answer));
      }
      Evaluate(later);
      // First, so that whoever was answered and asks for news is told of it.
      if (progress_only) {
        file_news_ = true;
      } else {
        Changed(later);
      }
      for (const auto& answer : answers) {
        if (stopping_) {
          ++answer->waits;
          waiting_for_stop_.push_back(answer);
        }
        Finish(answer, later);
      }
    }
    if (erased_) {
      EraseFromStore(later);
    } else {
      StartCommit(later);
    }
  }
  Run(later);
}

void Job::Erase() {
  Later later;
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(erased_, true)) return;
    // Behind a commit that is under way: it would write the job back.
    if (!commit_running_) EraseFromStore(later);
  }
  Run(later);
}

bool Job::erased() const {
  std::lock_guard lock(mutex_);
  return erased_;
}

void Job::EraseFromStore(Later& later) {
  for (Pending& pending : pending_) {
    pending.answer->result = Gone(id_);
    Finish(pending.answer, later);
    for (const auto& follower : pending.followers) Finish(follower, later);
  }
  pending_.clear();
  later.push_back([self = shared_from_this()] {
    StoreChange change;
    change.erase = self->id_;
    // A store that refuses keeps the job as it is: a restart finds it whole, and purges it again.
    self->environment_.store.Commit({std::move(change)}, [](const absl::Status&) {});
  });
}

void Job::CommitFailed(const absl::Status& status, Later& later) {
  ++store_failures_;
  const JobRecordPtr before = base_.record;
  for (; committing_ > 0; --committing_, pending_.pop_front()) {
    Pending& first = pending_.front();
    base_ = Withdrawn(base_, first.result);
    first.answer->result = first.refusal.ok() ? status : first.refusal;
    Finish(first.answer, later);
    for (const auto& follower : first.followers) Finish(follower, later);
  }
  DropEndedToken();
  if (base_.record != before) base_.record = Revised(*base_.record, *before);
  const JobVersion* newest = &base_;
  for (Pending& pending : pending_) {
    pending.result = *newest;
    Decide(pending);
    newest = &pending.result;
  }
  ScheduleStoreRetry(later);
  Evaluate(later);
  Changed(later);
}

/// The change that took a token away is undone when the token behind it came to nothing; a token
/// that has ended since is not there again.
void Job::DropEndedToken() {
  if (base_.token == nullptr || !base_.token->ended()) return;
  if (auto dropped = change::DropToken(base_); dropped.ok()) base_ = *std::move(dropped);
}

void Job::ScheduleStoreRetry(Later& later) {
  if (std::exchange(resting_, true)) return;
  later.push_back([self = shared_from_this(), pause = StoreBackoff(store_failures_)] {
    self->environment_.timer.After(pause, [weak = self->weak_from_this()] {
      const auto job = weak.lock();
      if (job == nullptr) return;
      Later then;
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

void Job::Finish(const std::shared_ptr<Answer>& answer, Later& later) {
  if (--answer->waits > 0 || answer->done == nullptr) return;
  later.push_back([answer] { answer->done(std::move(answer->result)); });
}

void Job::Run(Later& later) {
  for (auto& action : later) action();
}

void Job::Changed(Later& later) {
  later.push_back([self = shared_from_this()] { self->environment_.changed(self); });
}

}  // namespace bitsd
