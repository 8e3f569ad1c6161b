// The place of a job among those that run: takes it, leaves it, and notices when it is gone.

#include <utility>

#include "server/job/job.h"

namespace bitsd {

/// True once the job may run; else it is told when that changes.
bool Job::TakePlace(const JobRecord& record, Deferred& deferred) {
  RunQueue& places = environment_.places;
  const bool waited = waits_for_place_;
  const bool entered = !std::exchange(in_places_, true);
  if (entered) {
    told_priority_ = record.priority;
    places.Enter(id_, owner_, record.priority, weak_from_this(), deferred);
  } else if (places.PlaceOf(id_) == Place::kStopping) {
    places.Stopped(id_, deferred);
  }
  waits_for_place_ = places.PlaceOf(id_) != Place::kRunning;
  if (entered || waited || waits_for_place_) Changed(deferred);
  return !waits_for_place_;
}

void Job::LeavePlaces(Deferred& deferred) {
  waits_for_place_ = false;
  presence_ = {};
  if (std::exchange(in_places_, false)) environment_.places.Leave(id_, deferred);
}

void Job::TellPriority(Deferred& deferred) {
  if (!in_places_ || told_priority_ == base_.record->priority) return;
  told_priority_ = base_.record->priority;
  environment_.places.SetPriority(id_, told_priority_, deferred);
}

void Job::OnPlaceChanged() {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    Evaluate(deferred);
  }
  Run(deferred);
}

ProgressSample Job::TakeSample() {
  std::lock_guard lock(mutex_);
  if (progress_ == nullptr) return {};
  ProgressSample sample{progress_->file.load(), progress_->bytes.load(), true};
  const auto& files = *base_.record->files;
  if (sample.file < files.size()) {
    sample.resumable = sample.bytes == 0 || !files[sample.file].progress.not_resumable;
  }
  return sample;
}

}  // namespace bitsd
