// The machinery of a JobFeed: stream, ledger, pauses, and how it is stopped.
//
// Internal. Thread safety: Next by one thread at a time; Stop by any. The mutex guards only what
// Stop reaches; it is never held across a call. Ownership: as JobFeed.

#ifndef BITSD_CLIENT_FEED_FEED_STATE_H_
#define BITSD_CLIENT_FEED_FEED_STATE_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bits/v1/manager.pb.h"
#include "bitsd/client/job_feed.h"
#include "client/base/backoff.h"
#include "client/feed/feed_ledger.h"
#include "client/feed/stream.h"

namespace bits {

class BITS_HIDDEN JobFeed::State {
 public:
  State(CallRoute route, v1::WatchJobsRequest request, FeedOptions options);

  absl::StatusOr<std::optional<Event>> Next();
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  /// Connects, reads or waits: one step towards the next event or the end.
  void Step();
  absl::Status Connect();
  void Take(const v1::WatchJobsResponse& message);
  void Deliver(v1::Job job);
  /// What became of the jobs that the snapshot lacks.
  absl::Status LookUpMissing();
  absl::Status LookUp(const std::string& job_id);
  void Gone(const std::string& job_id);
  /// The stream ended for `why`: for good, or until the next attempt.
  void Broken(absl::Status why);
  void Disconnect();
  /// Named jobs that are no longer there are gone; the others go on being followed. NOT_FOUND when
  /// none is left; otherwise what kept it from finding out.
  absl::Status DropNamedJobs();
  /// False when Stop was called.
  bool PauseOrStop();
  bool stopped() const;

  const CallRoute route_;
  v1::WatchJobsRequest request_;
  const FeedOptions options_;
  FeedLedger ledger_;
  Pauses pauses_;
  std::deque<Event> events_;
  std::optional<absl::Status> end_;  ///< What trying again does not mend.
  bool caught_up_before_ = false;
  bool pause_ = false;      ///< Before the next attempt.
  bool resumed_ = false;    ///< The stream tells what changed, and not every job.
  bool connected_ = false;  ///< The stream has delivered something.
  Clock::time_point last_good_ = Clock::now();

  mutable std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopped_ = false;
  std::shared_ptr<JobWatch::Stream> stream_;  ///< Written by Next's thread under the mutex.
  CallContext* looking_up_ = nullptr;
};

}  // namespace bits

#endif  // BITSD_CLIENT_FEED_FEED_STATE_H_
