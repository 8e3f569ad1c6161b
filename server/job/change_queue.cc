#include "server/job/change_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {

ChangeQueue::ChangeQueue(JobCore& core, WorkControl& work, JobRecordPtr record, uint64_t revision)
    : core_(core),
      work_(work),
      durable_{record, nullptr},
      base_{record, nullptr, record->revision},
      shown_(*record, revision) {}

const JobVersion& ChangeQueue::Newest() const {
  return pending_.empty() ? base_ : pending_.back().result;
}

void ChangeQueue::Submit(JobChange change) {
  core_.Locked([&](Deferred& deferred) {
    if (erased_) {
      RefuseErased(std::move(change), deferred);
    } else {
      Add(std::move(change), deferred);
    }
  });
}

void ChangeQueue::SubmitNews(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide) {
  JobChange change;
  change.decide = std::move(decide);
  Submit(std::move(change));
}

void ChangeQueue::Add(JobChange change, Deferred& deferred) {
  if (change.after_completion && IsCompleting()) {
    if (!deferred_) deferred_.emplace();
    deferred_->push_back(std::move(change));
    return;
  }
  const bool alone = pending_.empty() && !IsDirty();
  Pending pending;
  pending.result = Newest();
  pending.change = std::move(change);
  pending.answer = std::make_shared<ChangeAnswer>();
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
    work_.EvaluateBeside(deferred);
    // A repeat of what withdrew promises what the first call does.
    if (pending.refusal.ok()) work_.AwaitStops(pending.answer);
    return Finish(pending.answer, deferred);
  }
  pending_.push_back(std::move(pending));
  work_.Evaluate(deferred);
  if (withdraws || !changes) work_.AwaitStops(pending_.back().answer);
  StartCommit(deferred);
}

/// What waited for the end of Complete is decided.
void ChangeQueue::AddDeferred(Deferred& deferred) {
  if (!deferred_ || erased_ || IsCompleting()) return;
  std::vector<JobChange> changes = std::move(*deferred_);
  deferred_.reset();
  for (JobChange& change : changes) Add(std::move(change), deferred);
}

void ChangeQueue::Decide(Pending& pending) {
  const JobVersion before = pending.result;
  absl::StatusOr<JobVersion> next = pending.change.decide(before);
  const auto& expected = pending.change.expected_revision;
  if (next.ok() && expected && shown_.IsStale(*expected, before.edited)) {
    next = error::StaleRevision(absl::StrCat("the job has revision ", shown_.last(),
                                             " by now: read it again and decide anew"));
  }
  pending.refusal = next.status();
  if (!next.ok() || *next == before) return;
  next->record = Revised(*next->record, *before.record);
  next->edited = pending.change.is_progress ? before.edited : next->record->revision;
  pending.result = *std::move(next);
}

JobRecordPtr ChangeQueue::Revised(const JobRecord& record, const JobRecord& before) const {
  auto revised = std::make_shared<JobRecord>(record);
  revised->revision = shown_.After(before);
  revised->modification = core_.environment().clock.Now();
  return revised;
}

JobVersion ChangeQueue::InForce() const {
  JobVersion version = base_;
  for (const Pending& pending : pending_) version = Withdrawn(version, pending.result);
  return version;
}

bool ChangeQueue::IsParked() const {
  if (IsDirty()) return true;
  const JobVersion version = InForce();
  const bool token_used = base_.record->token_flags != 0;
  return version.record != base_.record || (token_used && version.token != base_.token);
}

void ChangeQueue::AnswerStopped(std::vector<ChangeAnswerPtr> answers, Deferred& deferred) {
  // What the work had synced at its end is shown to whoever is answered.
  if (!pending_.empty()) {
    auto& followers = pending_.back().followers;
    followers.insert(followers.end(), answers.begin(), answers.end());
    return;
  }
  FinishAll(answers, deferred);
}

void ChangeQueue::Finish(const ChangeAnswerPtr& answer, Deferred& deferred) {
  if (--answer->waits > 0 || answer->done == nullptr) return;
  deferred.push_back([answer] { answer->done(std::move(answer->result)); });
}

void ChangeQueue::FinishAll(const std::vector<ChangeAnswerPtr>& answers, Deferred& deferred) {
  for (const ChangeAnswerPtr& answer : answers) Finish(answer, deferred);
}

}  // namespace bitsd
