// gRPC's own log: its lines go to ours, and what it says of failed handshakes to the counters.
//
// gRPC 1.51 has no other way to learn of a refused handshake. Its log function is process-wide, so
// is this: the hook that was made last counts. Where gRPC has no such function (1.65 and newer)
// nothing is counted, and a line at the start says so.
//
// Thread safety: any thread. Ownership: the hook shares the counters for as long as it lives.

#ifndef BITSD_SERVER_RPC_TLS_GRPC_LOG_H_
#define BITSD_SERVER_RPC_TLS_GRPC_LOG_H_

#include <memory>

#include "server/rpc/tls/handshake_counters.h"

namespace bitsd::rpc {

class GrpcLogHook {
 public:
  explicit GrpcLogHook(std::shared_ptr<HandshakeCounters> counters);
  ~GrpcLogHook();
  GrpcLogHook(const GrpcLogHook&) = delete;
  GrpcLogHook& operator=(const GrpcLogHook&) = delete;

 private:
  const std::shared_ptr<HandshakeCounters> counters_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_TLS_GRPC_LOG_H_
