// Following jobs for as long as one likes: a watch that connects again by itself.
//
//   bits::JobFeed feed = client.FollowJobs({});
//   while (true) {
//     auto event = feed.Next();
//     if (!event.ok()) return event.status();         // for good: see Next
//     if (!event->has_value()) break;                 // Stop was called
//     if ((*event)->kind == bits::JobFeed::Kind::kJob) Show((*event)->job);
//   }
//
// After a break (a restart of the service, a dropped network, a closed connection) the feed asks
// again, with growing random pauses, as the same identity, and goes on from where it was, or reads
// a new snapshot: what changed meanwhile is delivered, also that a job is gone. A job's events
// never go back to an older revision, and what was delivered is not delivered again.
//
// Thread safety: Next by one thread at a time; Stop by any thread at any time, also while Next
// waits. Ownership: keeps its identity and, while connected, its connection; the destructor stops
// it. It has no thread of its own.

#ifndef BITSD_CLIENT_JOB_FEED_H_
#define BITSD_CLIENT_JOB_FEED_H_

#include <chrono>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bits/v1/job.pb.h"
#include "bitsd/client/export.h"

namespace bits {

struct FeedOptions {
  /// Pause before the first attempt to connect again; it doubles up to `max_pause`, less a random
  /// part, and starts anew once a snapshot has come through.
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds max_pause{10'000};
  /// Without a connection for so long, Next fails with what kept it from connecting. 0: never.
  std::chrono::milliseconds max_outage{0};
};

class BITS_EXPORT JobFeed {
 public:
  enum class Kind {
    kJob,           ///< `job` is new or has changed.
    kGone,          ///< The service no longer has the job; of `job`, only the id is set.
    kCaughtUp,      ///< Everything up to now was delivered; once for each connection.
    kDisconnected,  ///< The connection broke, or could not be made, for `reason`; it is tried
                    ///< again.
  };

  struct Event {
    Kind kind = Kind::kJob;
    v1::Job job;
    absl::Status reason;
  };

  class State;

  explicit JobFeed(std::shared_ptr<State> state);
  JobFeed(JobFeed&&) noexcept;
  JobFeed& operator=(JobFeed&&) noexcept;
  ~JobFeed();

  /// Waits for the next event. No value: Stop was called. An error is what trying again does not
  /// mend, and every later call returns it again: UNAUTHENTICATED, PERMISSION_DENIED (all_users
  /// without the right to it, or a job of another), NOT_FOUND (none of the named jobs is there),
  /// INVALID_ARGUMENT, UNIMPLEMENTED, FAILED_PRECONDITION (the certificate has expired), or
  /// UNAVAILABLE after `max_outage`.
  absl::StatusOr<std::optional<Event>> Next();

  /// Ends the feed: a waiting Next returns without a value, at once.
  void Stop();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_JOB_FEED_H_
