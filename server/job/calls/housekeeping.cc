#include "server/job/calls/housekeeping.h"

#include <utility>

#include "server/job/job.h"

namespace bitsd {
namespace {

constexpr absl::Duration kSweepInterval = absl::Minutes(1);
/// How often the store forgets requests that have expired.
constexpr absl::Duration kForgetInterval = absl::Hours(1);
/// How often watchers hear of progress: BITS' default minimum notification interval.
constexpr absl::Duration kProgressInterval = absl::Milliseconds(500);

}  // namespace

void Housekeeping::Start() {
  ScheduleSweep();
  ScheduleProgress();
}

void Housekeeping::ScheduleSweep() {
  deps_.timer.After(kSweepInterval, [this] {
    deps_.handles.Sweep();
    deps_.ledger.Sweep();
    ForgetRequests();
    if (!deps_.stopping) ScheduleSweep();
  });
}

void Housekeeping::ForgetRequests() {
  const absl::Time now = deps_.steady.Now();
  if (now - requests_forgotten_ < kForgetInterval) return;
  requests_forgotten_ = now;
  StoreChange change;
  change.forget_requests = deps_.clock.Now();
  // A store that refuses keeps them an hour longer.
  deps_.store.Commit({std::move(change)}, [](const absl::Status&) {});
}

void Housekeeping::ScheduleProgress() {
  deps_.timer.After(kProgressInterval, [this] {
    if (!deps_.watchers.empty()) {
      for (const JobPtr& job : deps_.table.All()) {
        if (job->HasNewProgress()) deps_.watchers.Push(job->id(), job->change_mark());
      }
    }
    if (!deps_.stopping) ScheduleProgress();
  });
}

}  // namespace bitsd
