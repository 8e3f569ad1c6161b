// What is shown of the work of a job: its phase, and how far it is.
//
// Thread safety: the job's lock; LiveProgress is written by the transfer meanwhile. Ownership: a
// value, which shares the progress with the transfer.

#ifndef BITSD_SERVER_JOB_SHOWN_RUN_H_
#define BITSD_SERVER_JOB_SHOWN_RUN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "server/job/schedule/run_queue.h"
#include "server/model/job_record.h"
#include "server/model/transfer_service.h"

namespace bitsd {

class ShownRun {
 public:
  /// A transfer begins; it writes to what is returned.
  std::shared_ptr<LiveProgress> Begin() {
    over_ = false;
    phase_ = JobState::kConnecting;
    return progress_ = std::make_shared<LiveProgress>();
  }
  /// True when something else is shown. Another connection for the next file is no step back.
  bool SetPhase(bool transferring) {
    if (over_ || phase_ == JobState::kTransferring) return false;
    phase_ = transferring ? JobState::kTransferring : JobState::kConnecting;
    return true;
  }
  /// The work has ended. What it did last is shown until that is in the store: nothing falls back
  /// in between.
  void End() { over_ = true; }
  /// That is in the store: of work that has ended nothing is shown any more.
  void ForgetEnded() {
    if (!std::exchange(over_, false)) return;
    phase_.reset();
    progress_.reset();
  }

  /// CONNECTING or TRANSFERRING; unset when nothing is shown to run.
  const std::optional<JobState>& phase() const { return phase_; }
  const LiveProgress* progress() const { return progress_.get(); }
  ProgressSample Sample(const FileRecords& files) const;

  /// More bytes than when it was last asked.
  bool HasNewBytes() {
    if (progress_ == nullptr) return false;
    const uint64_t bytes = progress_->bytes.load();
    return std::exchange(bytes_shown_, bytes) != bytes;
  }
  /// The transfer failed with so many bytes: more than when it last did.
  bool HasGained(uint64_t bytes) { return bytes > std::exchange(bytes_at_failure_, bytes); }

 private:
  std::optional<JobState> phase_;
  bool over_ = false;
  std::shared_ptr<LiveProgress> progress_;
  uint64_t bytes_shown_ = 0;  ///< Of the current file.
  uint64_t bytes_at_failure_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SHOWN_RUN_H_
