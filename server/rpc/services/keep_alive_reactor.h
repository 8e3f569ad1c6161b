// One open KeepAlive stream: renews a session as long as its caller stands and reads.
//
// A beat checks the identity, renews the session and writes the new deadline; the next comes after
// a third of the ttl, at most a minute, and at the latest when the caller's certificate ends. While
// an answer is not taken nothing is renewed. The stream ends when the session does, at once.
//
// Thread safety: gRPC, the alarm, the session and the registry may call at once; whoever holds the
// claim (busy_) renews and writes. Ownership: a reactor owns itself until gRPC is done with it;
// whoever else may call it holds a weak pointer.

#ifndef BITSD_SERVER_RPC_SERVICES_KEEP_ALIVE_REACTOR_H_
#define BITSD_SERVER_RPC_SERVICES_KEEP_ALIVE_REACTOR_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "bits/v1/session.pb.h"
#include "server/base/clock.h"
#include "server/rpc/caller/stream_registry.h"
#include "server/rpc/caller/watch_limiter.h"
#include "server/session/session_table.h"

namespace bitsd::rpc {

using KeepAliveStream = grpc::ServerWriteReactor<::bits::v1::KeepAliveResponse>;

class KeepAliveReactor : public KeepAliveStream, public OpenStream {
 public:
  struct Parts {
    std::shared_ptr<const AccessToken> caller;
    SessionId session;
    std::function<absl::Status()> standing;  ///< Authenticator::IdentityStandingOf.
    std::unique_ptr<WatchLimiter::Ticket> ticket;
    SessionTable& sessions;  ///< Outlives the server, as the clock.
    const Clock& clock;
  };

  /// A stream that begins at once.
  static KeepAliveStream* Start(Parts parts, StreamRegistry& registry);
  /// A stream that only answers `status`.
  static KeepAliveStream* Refuse(const absl::Status& status);

  explicit KeepAliveReactor(Parts parts) : parts_(std::move(parts)) {}

  void Recheck() override;
  void Stop(const absl::Status& status) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Beat();
  /// Renews the session; its new deadline.
  absl::StatusOr<absl::Time> Renew();
  void OnSessionEnded();
  void SetAlarm();
  /// Gives the claim back; ends the stream, or beats again, when that was asked for meanwhile.
  void Release();
  /// Ends the stream with `status`, at once or when the claim is given back.
  void End(grpc::Status status);

  Parts parts_;
  std::shared_ptr<KeepAliveReactor> self_;
  // The holder of the claim's.
  ::bits::v1::KeepAliveResponse response_;
  Attachment session_;

  std::mutex mutex_;
  bool busy_ = false;
  bool again_ = false;  ///< Another session is in the place of the one that was held.
  bool finished_ = false;
  std::optional<grpc::Status> end_;
  absl::Duration pause_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_KEEP_ALIVE_REACTOR_H_
