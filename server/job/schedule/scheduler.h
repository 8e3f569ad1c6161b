// Which jobs run: BITS' priorities, time slices, and the ceiling of the machine.
//
// FOREGROUND jobs run at once, up to the ceiling less the places kept for background jobs; when
// they are more, owners share the places evenly. Background jobs (HIGH, NORMAL, LOW) share a few
// slots: a higher priority takes the slot of a lower one, the same priority takes turns by time
// slice. A background job that waits for its server lends its slot and goes on beside the next one.
// docs/semantics.md, "Scheduling", has the rules and why.
//
// A job that loses its place is `kStopping` until its work has stopped; it holds no slot then, but
// counts for the ceiling until it has not answered for `stop_patience`.
//
// Pure: no threads, no I/O, time is an argument. A decision costs O(log n) in the number of waiting
// jobs and O(places) in those that run; jobs that do not want to run are not known here. Thread
// safety: none. Ownership: owns what it knows of each job (PlaceTable).

#ifndef BITSD_SERVER_JOB_SCHEDULE_SCHEDULER_H_
#define BITSD_SERVER_JOB_SCHEDULE_SCHEDULER_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "server/identity/sid.h"
#include "server/job/schedule/place_table.h"
#include "server/job/schedule/throughput.h"
#include "server/model/job_id.h"
#include "server/model/job_record.h"

namespace bitsd {

struct SchedulerOptions {
  size_t max_running = 64;     ///< Jobs that run at once: the ceiling.
  size_t background_jobs = 1;  ///< Slots; as many places are kept from FOREGROUND.
  absl::Duration time_slice = absl::Minutes(5);
  /// How long a background job waits for its server until it lends its slot.
  absl::Duration lend_after = absl::Seconds(2);
  /// A job that has not stopped by then does not count any more: its file system hangs.
  absl::Duration stop_patience = absl::Seconds(30);
};

class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options);

  /// A job wants to run. It must not be known.
  void Enter(const JobId& job, const Sid& owner, JobPriority priority, absl::Time now);
  /// It does not want to any more, and nothing runs for it.
  void Leave(const JobId& job, absl::Time now);
  /// It stops of its own accord.
  void Stop(const JobId& job, absl::Time now);
  /// A stopping job has stopped, and still wants to run.
  void Stopped(const JobId& job, absl::Time now);
  void SetPriority(const JobId& job, JobPriority priority, absl::Time now);
  /// What is seen of a running job. `resumable`: stopping it now loses nothing.
  void Observe(const JobId& job, Throughput pace, bool resumable, absl::Time now);
  /// Time has passed.
  void Tick(absl::Time now) { Balance(now); }

  Place PlaceOf(const JobId& job) const;
  /// Jobs that got or lost their place since the last time, each once or more.
  std::vector<JobId> TakeChanged();
  /// The running jobs to observe: those whose place may depend on it.
  std::vector<JobId> Observed() const;
  /// Nothing can change by time alone.
  bool Idle() const;
  /// The job runs beside the slots.
  bool IsLent(const JobId& job) const;

  /// Jobs that take a place: running, or stopping and still counted.
  size_t places() const { return table_.places(); }
  size_t waiting() const { return table_.waiting(); }

 private:
  using Entry = PlaceTable::Entry;

  /// It loses its place.
  void Park(Entry& entry, absl::Time now);
  bool SliceIsOver(const Entry& entry, absl::Time now) const;

  /// Takes steps until none is left to take.
  void Balance(absl::Time now);
  // One step each; false when there is none to take.
  bool WriteOff(absl::Time now);
  bool ParkExcess(absl::Time now);
  bool StartForeground(absl::Time now);
  bool ShareForeground(absl::Time now);
  bool EndSlice(absl::Time now);
  bool StartBackground(absl::Time now);

  void RunNext(JobPriority priority, absl::Time now);
  size_t SlotLimit() const;
  bool HasRoom() const { return places() < options_.max_running; }
  /// How many FOREGROUND jobs could run and have no place.
  size_t ForegroundNeed() const;
  /// The highest background priority that has waiting jobs.
  std::optional<JobPriority> HighestWaiting() const;
  /// The running job to give its place up first; null when there is none to.
  Entry* WorstForeground() const;
  /// Of those with a lower priority than `than`; of all without.
  Entry* WorstSlotHolder(std::optional<JobPriority> than) const;
  /// Of those with no higher priority than `than`; of all without.
  Entry* WorstLender(std::optional<JobPriority> than, absl::Time now) const;

  const SchedulerOptions options_;
  const size_t foreground_places_;
  PlaceTable table_;
  size_t streak_ = 0;  ///< Slots lent since a background job moved or ended.
  std::vector<JobId> changed_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SCHEDULE_SCHEDULER_H_
