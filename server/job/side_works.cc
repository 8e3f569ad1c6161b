#include "server/job/side_works.h"

#include <utility>

#include "server/error/errors.h"
#include "server/policy/session_rules.h"

namespace bitsd {

void SideWorks::Run(SideWork side) {
  auto work = std::make_shared<Work>();
  work->is_right = std::move(side.is_right);
  work->interrupted = std::move(side.interrupted);
  bool begins = false;
  core_.Locked([&](Deferred&) {
    // From here on whoever withdraws waits for it; what was withdrawn before is seen here.
    begins = !shut_down_ && work->is_right(changes_.InForce());
    if (begins && !works_) works_.emplace();
    if (begins) works_->push_back(work);
  });
  if (!begins) return work->interrupted();
  // Not under the lock: it may end at once.
  auto activity = side.start([this, self = core_.shared_from_this(), work] { OnEnded(work); });
  core_.Locked([&](Deferred& deferred) {
    work->activity = std::move(activity);
    if (work->ended) {
      LetGo(work, deferred);
    } else if (work->stopping) {
      Stop(work, deferred);
    }
  });
}

absl::Status SideWorks::CheckLocalActor() const {
  absl::Status status;
  core_.Locked([&](Deferred&) {
    status = FindLocalActor(core_.environment(), changes_.InForce()).status();
  });
  return status;
}

absl::StatusOr<LocalActor> SideWorks::ActorNow(Attachment& presence) const {
  if (shut_down_) return error::Unavailable("bitsd is stopping: try again when it is back");
  if (changes_.IsParked()) return absl::CancelledError("a withdrawal is not in the store yet");
  auto actor = FindLocalActor(core_.environment(), changes_.InForce());
  if (!actor.ok() || policy::IsAlwaysLoggedOn(core_.owner(), actor->owner->service)) return actor;
  presence = presence_.OnLogoff();
  if (!presence.holds()) return absl::CancelledError("logged off just now");
  return actor;
}

void SideWorks::RunLocal(LocalWork local) {
  absl::StatusOr<LocalActor> actor;
  auto presence = std::make_shared<Attachment>();
  core_.Locked([&](Deferred&) { actor = ActorNow(*presence); });
  if (absl::IsCancelled(actor.status())) return local.not_done(absl::OkStatus());
  if (!actor.ok()) return local.not_done(actor.status());
  SideWork side;
  side.is_right = [this, actor = *actor](const JobVersion& in_force) {
    return !IsFinal(in_force.record->state) &&
           IsSame(actor, FindLocalActor(core_.environment(), in_force));
  };
  side.interrupted = [not_done = std::move(local.not_done), presence] {
    not_done(absl::OkStatus());
  };
  side.start = [&](std::function<void()> ended) {
    return local.start(actor->identity, actor->loan, std::move(ended));
  };
  Run(std::move(side));
}

void SideWorks::Evaluate(Deferred& deferred) {
  if (!works_) return;
  const JobVersion version = changes_.InForce();
  for (const WorkPtr& work : *works_) {
    if (work->stopping || work->ended) continue;
    if (!shut_down_ && work->is_right(version)) continue;
    work->stopping = true;
    if (work->activity != nullptr) Stop(work, deferred);
  }
}

void SideWorks::Stop(const WorkPtr& work, Deferred& deferred) {
  deferred.push_back([this, self = core_.shared_from_this(), work] {
    work->activity->Stop([this, self, work] { OnStopped(work); });
  });
}

/// Nothing of it goes on: whoever waits for that is told.
void SideWorks::LetGo(const WorkPtr& work, Deferred& deferred) {
  if (works_) {
    std::erase(*works_, work);
    if (works_->empty()) works_.reset();
  }
  work->LetActivityGo(core_.environment().timer);
  for (const auto& answer : std::exchange(work->waiting, {})) ChangeQueue::Finish(answer, deferred);
  if (work->held.empty()) return;
  deferred.push_back([held = std::exchange(work->held, {})] {});
}

void SideWorks::OnEnded(const WorkPtr& work) {
  core_.Locked([&](Deferred& deferred) {
    work->ended = true;
    // While it is started, or stopped, somebody else is at it.
    if (work->activity != nullptr && !work->stopping) LetGo(work, deferred);
  });
}

void SideWorks::OnStopped(const WorkPtr& work) {
  core_.Locked([&](Deferred& deferred) {
    if (!work->ended && work->interrupted) deferred.push_back(std::move(work->interrupted));
    LetGo(work, deferred);
  });
}

void SideWorks::AwaitStops(const ChangeAnswerPtr& answer) {
  if (!works_) return;
  for (const WorkPtr& work : *works_) work->Await(answer);
}

void SideWorks::Hold(const std::shared_ptr<void>& part) {
  if (!works_) return;
  for (const WorkPtr& work : *works_) work->Hold(part);
}

}  // namespace bitsd
