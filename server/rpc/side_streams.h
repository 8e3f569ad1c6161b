// How many streams of health and reflection a caller may have open at once.
//
// These services are gRPC's own, and reflection keeps a thread for each stream: without a limit one
// caller takes them all. The gate refuses a call beyond the limit; an interceptor counts those that
// are open, and notes on which connection they are. Peers without an account share the places of
// one caller, and each of their certificates has a few of these.
//
// Thread safety: any thread. Ownership: must outlive the server.

#ifndef BITSD_SERVER_RPC_SIDE_STREAMS_H_
#define BITSD_SERVER_RPC_SIDE_STREAMS_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "server/rpc/authenticator.h"
#include "server/rpc/watch_limiter.h"

namespace bitsd::rpc {

class SideStreams {
 public:
  static constexpr size_t kMaxPerSid = 8;
  static constexpr size_t kMaxPerStranger = 2;

  explicit SideStreams(const Authenticator& authenticator) : authenticator_(authenticator) {}

  /// E_OUTOFMEMORY when `peer` may not open one more stream of the method `path`.
  absl::Status Check(const grpc::AuthContext& peer, std::string_view path);

  /// Counts what is open, for as long as the factory lives.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeFactory();

 private:
  static constexpr char kWhat[] = "streams of health and reflection";
  class Factory;
  class Counter;

  /// The places that one stream takes.
  struct Places {
    std::unique_ptr<WatchLimiter::Ticket> own;
    std::unique_ptr<WatchLimiter::Ticket> shared;  ///< By a peer without an account.
  };
  absl::Status Check(const CallerKey& caller) const;
  absl::StatusOr<Places> Acquire(const CallerKey& caller);

  const Authenticator& authenticator_;
  WatchLimiter open_{kWhat, kMaxPerSid};  ///< Of strangers together by the empty key.
  WatchLimiter of_strangers_{kWhat, kMaxPerStranger};
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SIDE_STREAMS_H_
