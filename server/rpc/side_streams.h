// How many streams of health and reflection an identity may have open at once.
//
// These services are gRPC's own, and reflection keeps a thread for each stream: without a limit one
// caller takes them all. The gate refuses a call beyond the limit; an interceptor counts those that
// are open, and notes on which connection they are.
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

  explicit SideStreams(const Authenticator& authenticator) : authenticator_(authenticator) {}

  /// E_OUTOFMEMORY when `peer` may not open one more stream of the method `path`.
  absl::Status Check(const grpc::AuthContext& peer, std::string_view path);

  /// Counts what is open, for as long as the factory lives.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeFactory();

 private:
  class Factory;
  class Counter;

  /// Whose streams count together: those of peers who are nobody to us are one.
  Sid Owner(const grpc::AuthContext& peer) const;

  const Authenticator& authenticator_;
  WatchLimiter open_{"streams of health and reflection", kMaxPerSid};
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SIDE_STREAMS_H_
