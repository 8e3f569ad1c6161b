// One open WatchJobs stream: writes the events of a JobWatch, one at a time.
//
// The stream ends when the client ends it, when a write fails, when the service stops, and when the
// caller's certificate has ended or the caller is no longer who it was: that is checked before
// every event, by an alarm, and whenever the identities are renewed.
//
// Thread safety: gRPC, the watch and the alarm may call at once; whoever holds the claim (busy_)
// asks the watch and writes. Next is never called under the lock. Ownership: a reactor owns itself
// until gRPC is done with it; whoever else may call it holds a weak pointer.

#ifndef BITSD_SERVER_RPC_SERVICES_WATCH_REACTOR_H_
#define BITSD_SERVER_RPC_SERVICES_WATCH_REACTOR_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "bits/v1/manager.pb.h"
#include "server/base/clock.h"
#include "server/job/service/job_service.h"
#include "server/rpc/caller/answer_budget.h"
#include "server/rpc/caller/stream_registry.h"
#include "server/rpc/caller/watch_limiter.h"

namespace bitsd::rpc {

using WatchStream = grpc::ServerWriteReactor<::bits::v1::WatchJobsResponse>;

/// What a watch works with; all but `refused` must outlive it.
struct WatchParts {
  JobService& jobs;
  const Clock& clock;
  StreamRegistry& registry;
  AnswerBudget& answers;
  std::function<void(const absl::Status&)> refused;  ///< Told why there is no watch.
};

class WatchReactor : public WatchStream, public OpenStream {
 public:
  /// Who watches, and how long that stays true.
  struct Watcher {
    Caller caller;
    std::function<absl::Status()> standing;  ///< Authenticator::StandingOf.
    std::unique_ptr<WatchLimiter::Ticket> ticket;
  };

  /// A stream that begins at once.
  static WatchStream* Start(Watcher watcher, WatchFilter filter, const WatchParts& parts);
  /// A stream that only answers `status`.
  static WatchStream* Refuse(const absl::Status& status);

  WatchReactor(Watcher watcher, const WatchParts& parts);

  void Recheck() override;
  void Stop(const absl::Status& status) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Begin(WatchFilter filter, const WatchParts& parts);
  /// The watch has an event again.
  void OnReady();
  /// Writes the next event, if any; the caller holds the claim.
  void Run(bool more);
  /// Counts the response. E_OUTOFMEMORY when the caller has read too little.
  absl::Status Charge();
  /// Decides whether the holder of the claim goes on; otherwise gives it back, or ends the stream.
  bool Keep(bool more);
  /// Ends the stream with `status`, at once or when the claim is given back.
  void End(grpc::Status status);
  /// UNAUTHENTICATED once the caller's certificate has ended or its identity does not stand.
  absl::Status CheckCaller() const;
  void SetAlarm();
  void OnAlarm();

  Watcher watcher_;
  const Clock& clock_;
  AnswerBudget& answers_;
  std::shared_ptr<WatchReactor> self_;
  std::unique_ptr<JobWatch> watch_;
  // The holder of the claim's.
  ::bits::v1::WatchJobsResponse response_;
  std::unique_ptr<AnswerBudget::Charge> charge_;  ///< For the response.

  std::mutex mutex_;
  bool busy_ = true;    ///< Somebody asks the watch or writes, or the stream is over.
  bool again_ = false;  ///< The watch became ready while busy.
  std::optional<grpc::Status> end_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_WATCH_REACTOR_H_
