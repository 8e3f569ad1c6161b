#include "server/job/job_place.h"

#include <memory>
#include <utility>

namespace bitsd {

bool JobPlace::Take(JobPriority priority, Deferred& deferred) {
  RunQueue& places = core_.environment().places;
  const bool waited = waits_;
  const bool enters = !std::exchange(entered_, true);
  if (enters) {
    told_ = priority;
    const std::shared_ptr<Runner> runner(core_.shared_from_this(), &runner_);
    places.Enter(core_.id(), core_.owner(), priority, runner, deferred);
  } else if (places.PlaceOf(core_.id()) == Place::kStopping) {
    places.Stopped(core_.id(), deferred);
  }
  waits_ = !MayRun();
  if (enters || waited || waits_) core_.Changed(deferred);
  return !waits_;
}

void JobPlace::Leave(Deferred& deferred) {
  waits_ = false;
  if (std::exchange(entered_, false)) core_.environment().places.Leave(core_.id(), deferred);
}

void JobPlace::Stop(Deferred& deferred) { core_.environment().places.Stop(core_.id(), deferred); }

void JobPlace::SetPriority(JobPriority priority, Deferred& deferred) {
  if (!entered_ || told_ == priority) return;
  told_ = priority;
  core_.environment().places.SetPriority(core_.id(), priority, deferred);
}

bool JobPlace::MayRun() const {
  return core_.environment().places.PlaceOf(core_.id()) == Place::kRunning;
}

}  // namespace bitsd
