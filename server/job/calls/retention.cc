#include "server/job/calls/retention.h"

#include <memory>

#include "server/model/record_bounds.h"

namespace bitsd {
namespace {

/// How long to wait before a job whose end is not in the store is looked at again.
constexpr absl::Duration kPurgeRetry = absl::Seconds(1);

}  // namespace

void Retention::OnChanged(const JobPtr& job) {
  if (!IsFinal(job->InForce().record->state)) return;
  // Together: who looks for jobs finds it in one place or in the other.
  Retain(job, deps_.options.Get()->retention,
         [this, &job] { return deps_.table.Retire(job->owner(), job->id()); });
}

void Retention::OnRestored(const JobPtr& job, absl::Duration time) {
  Retain(job, time, [] { return true; });
}

void Retention::Retain(const JobPtr& job, absl::Duration time,
                       const std::function<bool()>& leaves) {
  bool finished = false;
  const size_t bytes = sizeof(Job) + BytesOf(*job->InForce().record);
  const auto purged = finished_.Add(job->owner(), job->id(), bytes, deps_.options.Get()->finished,
                                    [&] { return finished = leaves(); });
  if (!finished) return;
  deps_.timer.After(time, [this, owner = job->owner(), id = job->id()] {
    if (finished_.Expire(owner, id)) Purge(id);
  });
  for (const JobId& id : purged) Purge(id);
}

void Retention::EndCleanup(const Job& job) {
  if (finished_.EndCleanup(job.owner(), job.id())) Purge(job.id());
}

void Retention::Purge(const JobId& id) {
  const JobPtr job = deps_.table.Find(id);
  if (job != nullptr && !job->EndIsStored()) {
    // A restart would find a job that goes on: its files have to be there.
    deps_.timer.After(kPurgeRetry, [this, id] { Purge(id); });
    return;
  }
  deps_.handles.EndOfJob(id);
  if (job == nullptr) return;
  deps_.watchers.Forget(job->change_mark());
  deps_.table.Erase(id);
  job->Erase();
}

}  // namespace bitsd
