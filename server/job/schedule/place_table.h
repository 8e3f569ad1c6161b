// Where each job stands that wants to run, and how many stand where: the scheduler's memory.
//
// Thread safety: none, its user's. Ownership: owns the entries; one is there from Add to Remove.

#ifndef BITSD_SERVER_JOB_SCHEDULE_PLACE_TABLE_H_
#define BITSD_SERVER_JOB_SCHEDULE_PLACE_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/identity/sid.h"
#include "server/job/schedule/fair_queue.h"
#include "server/job/schedule/throughput.h"
#include "server/model/job_id.h"
#include "server/model/job_record.h"

namespace bitsd {

/// Where a job stands.
enum class Place { kNone, kWaiting, kRunning, kStopping };

class PlaceTable {
 public:
  struct Entry {
    JobId job;
    Sid owner;
    JobPriority priority = JobPriority::kNormal;
    Place place = Place::kNone;
    FairQueue::Position position = 0;  ///< When it waits.
    uint64_t order = 0;                ///< Of the start, or of the order to stop.
    absl::Time since;                  ///< Of the start, or of the order to stop.
    absl::Duration used;               ///< Of its time slice, in earlier runs.
    Throughput pace = Throughput::kUnknown;
    bool resumable = true;
    int patience = 0;   ///< Its slice is doubled so often.
    bool lost = false;  ///< Stopping for so long that it does not count any more.

    bool is_foreground() const { return priority == JobPriority::kForeground; }
    bool holds_slot() const {
      return place == Place::kRunning && !is_foreground() && pace != Throughput::kWaiting;
    }
    /// It runs beside the slots.
    bool lends_slot() const {
      return place == Place::kRunning && !is_foreground() && pace == Throughput::kWaiting;
    }
  };
  /// By their order.
  using Placed = std::map<uint64_t, Entry*>;

  /// Null when it is not known.
  Entry* Find(const JobId& job) const;
  /// A job that waits, behind the others of its owner. It must not be known.
  void Add(const JobId& job, const Sid& owner, JobPriority priority);
  void Remove(const JobId& job);

  void Wait(Entry& entry);
  /// Runs the job of this priority whose turn it is. Some waits.
  const Entry& RunNext(JobPriority priority, absl::Time now);
  void Halt(Entry& entry, absl::Time now);
  /// A stopping job does not count any more.
  void WriteOff(Entry& entry);
  /// When it waits next, it stands behind the others of its owner, or before them.
  void GoLast(Entry& entry) { entry.position = ++last_; }
  void GoFirst(Entry& entry) { entry.position = --first_; }
  void SetPriority(Entry& entry, JobPriority priority);
  void SetPace(Entry& entry, Throughput pace);

  const FairQueue& queue(JobPriority priority) const {
    return queues_[static_cast<size_t>(priority)];
  }
  const Placed& running() const { return running_; }
  const Placed& stopping() const { return stopping_; }
  size_t waiting() const;
  size_t stopping_count() const { return stopping_count_; }
  /// Running, or stopping and still counted.
  size_t places() const { return running_.size() + stopping_count_; }
  size_t foreground() const { return foreground_; }
  size_t holders() const { return holders_; }
  size_t moving() const { return moving_; }

 private:
  FairQueue& QueueOf(const Entry& entry) { return queues_[static_cast<size_t>(entry.priority)]; }
  void Count(const Entry& entry, bool in);
  /// Takes it out of the queue or the place it is in.
  void TakeOut(Entry& entry);

  absl::flat_hash_map<JobId, std::unique_ptr<Entry>> jobs_;
  std::array<FairQueue, 4> queues_;  ///< By priority.
  Placed running_;
  Placed stopping_;
  size_t stopping_count_ = 0;  ///< Of those in stopping_, the ones that count.
  size_t foreground_ = 0;      ///< Running.
  size_t holders_ = 0;         ///< Background jobs that hold a slot.
  size_t moving_ = 0;          ///< Of those, the ones that are known to move.
  uint64_t next_order_ = 0;
  FairQueue::Position last_ = 0;   ///< Of those behind the others of their owners.
  FairQueue::Position first_ = 0;  ///< Of those before them.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SCHEDULE_PLACE_TABLE_H_
