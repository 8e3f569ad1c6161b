// Work beside the transfer: started, stopped when whoever acts may not any more, and waited for.

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/job/job.h"
#include "server/policy/session_rules.h"

namespace bitsd {

void Job::RunBeside(Beside beside) {
  auto work = std::make_shared<SideWork>();
  work->is_right = std::move(beside.is_right);
  work->interrupted = std::move(beside.interrupted);
  Deferred deferred;
  bool begins = false;
  {
    std::lock_guard lock(mutex_);
    // From here on whoever withdraws waits for it; what was withdrawn before is seen here.
    begins = !shut_down_ && work->is_right(InForceLocked());
    if (begins && !beside_) beside_.emplace();
    if (begins) beside_->push_back(work);
  }
  if (!begins) return work->interrupted();
  // Not under the mutex: it may end at once.
  auto activity = beside.start([self = shared_from_this(), work] { self->OnBesideEnded(work); });
  {
    std::lock_guard lock(mutex_);
    work->activity = std::move(activity);
    if (work->ended) {
      LetGo(work, deferred);
    } else if (work->stopping) {
      StopBeside(work, deferred);
    }
  }
  Run(deferred);
}

/// Who acts on local files as `version` says, or why nobody does.
absl::StatusOr<Job::LocalActor> Job::FindLocalActor(const JobVersion& version) const {
  const std::shared_ptr<const Account> owner = environment_.accounts.Find(owner_);
  auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok()) return identity.status();
  if (!OwnerIsLoggedOn(*owner)) {
    return error::NotLoggedOn(Rule::kOwnerLoggedOff, "the job's owner is not logged on");
  }
  auto loan = LoanOf(version, kTokenLocalFile);
  if (!loan.ok()) return loan.status();
  return LocalActor{owner, *std::move(identity), *std::move(loan)};
}

absl::Status Job::CheckLocalActor() const {
  std::lock_guard lock(mutex_);
  return FindLocalActor(InForceLocked()).status();
}

void Job::RunLocalWork(LocalWork work) {
  absl::StatusOr<LocalActor> actor;
  auto presence = std::make_shared<Attachment>();
  {
    std::lock_guard lock(mutex_);
    actor = ParkedLocked() ? absl::StatusOr<LocalActor>(absl::CancelledError(""))
                           : FindLocalActor(InForceLocked());
    if (shut_down_) actor = error::Unavailable("bitsd is stopping: try again when it is back");
    if (actor.ok() && !policy::IsAlwaysLoggedOn(owner_, actor->owner->service)) {
      *presence = OnLogoff();
      if (!presence->holds()) actor = absl::CancelledError("logged off just now");
    }
  }
  if (absl::IsCancelled(actor.status())) return work.not_done(absl::OkStatus());
  if (!actor.ok()) return work.not_done(actor.status());
  Beside beside;
  beside.is_right = [this, actor = *actor](const JobVersion& in_force) {
    const auto now = FindLocalActor(in_force);
    return !IsFinal(in_force.record->state) && now.ok() &&
           !WhatChanged(*actor.owner, now->owner.get()) && now->identity == actor.identity &&
           now->loan == actor.loan;
  };
  beside.interrupted = [not_done = std::move(work.not_done), presence] {
    not_done(absl::OkStatus());
  };
  beside.start = [&](std::function<void()> ended) {
    return work.start(actor->identity, actor->loan, std::move(ended));
  };
  RunBeside(std::move(beside));
}

/// Tells the job when its owner's last session ends. Holds nothing when that has ended already.
Attachment Job::OnLogoff() {
  std::shared_ptr<EndSignal> line = environment_.presence.Of(owner_);
  if (line == nullptr) return {};
  return {std::move(line),
          [weak = weak_from_this()](std::string_view, const WaitGroupPtr& wait_group) {
            if (const auto job = weak.lock()) job->OnOwnerLoggedOff(wait_group);
          }};
}

void Job::EvaluateBeside(Deferred& deferred) {
  if (!beside_) return;
  const JobVersion version = InForceLocked();
  for (const SideWorkPtr& work : *beside_) {
    if (work->stopping || work->ended) continue;
    if (!shut_down_ && work->is_right(version)) continue;
    work->stopping = true;
    if (work->activity != nullptr) StopBeside(work, deferred);
  }
}

void Job::StopBeside(const SideWorkPtr& work, Deferred& deferred) {
  deferred.push_back([self = shared_from_this(), work] {
    work->activity->Stop([self, work] { self->OnBesideStopped(work); });
  });
}

/// Nothing of it goes on: whoever waits for that is told.
void Job::LetGo(const SideWorkPtr& work, Deferred& deferred) {
  if (beside_) {
    std::erase(*beside_, work);
    if (beside_->empty()) beside_.reset();
  }
  // Whoever calls us may be a part of the work: it is let go on another thread.
  environment_.timer.Post([activity = std::shared_ptr<Activity>(std::move(work->activity))] {});
  for (const auto& answer : std::exchange(work->waiting, {})) Finish(answer, deferred);
  for (auto& stopped : std::exchange(work->on_stopped, {})) deferred.push_back(std::move(stopped));
}

void Job::OnBesideEnded(const SideWorkPtr& work) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    work->ended = true;
    // While it is started, or stopped, somebody else is at it.
    if (work->activity != nullptr && !work->stopping) LetGo(work, deferred);
  }
  Run(deferred);
}

void Job::OnBesideStopped(const SideWorkPtr& work) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    if (!work->ended && work->interrupted) deferred.push_back(std::move(work->interrupted));
    LetGo(work, deferred);
  }
  Run(deferred);
}

bool Job::AnythingStops() const {
  return stopping_ || (beside_ && std::any_of(beside_->begin(), beside_->end(),
                                              [](const auto& work) { return work->stopping; }));
}

void Job::AwaitStops(const std::shared_ptr<Answer>& answer) {
  if (stopping_) {
    ++answer->waits;
    waiting_for_stop_.push_back(answer);
  }
  if (!beside_) return;
  for (const SideWorkPtr& work : *beside_) {
    if (!work->stopping) continue;
    ++answer->waits;
    work->waiting.push_back(answer);
  }
}

}  // namespace bitsd
