// One connection of one identity: calls by gRPC over mutual TLS.
//
// Internal: with the .cc files of this folder, this is all of the library that sees grpcpp. Thread
// safety: as Transport. Ownership: shared by the pool and by the calls and streams that use it; it
// closes with the last of them.

#ifndef BITSD_CLIENT_CONNECTION_CONNECTION_H_
#define BITSD_CLIENT_CONNECTION_CONNECTION_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bitsd/client/identity.h"
#include "bitsd/client/transport.h"

namespace grpc {
class ChannelInterface;
}

namespace bits {

struct ConnectionOptions {
  std::string endpoint;
  std::string ssl_target_name_override;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds keepalive;
};

class BITS_HIDDEN Connection final : public Transport {
 public:
  /// Connects at the first call. Nothing of it is shared with another Connection of the process.
  /// Whoever lets go of it last need not care on which thread that is (callback_thread.h).
  static std::shared_ptr<Connection> Open(const ConnectionOptions& options,
                                          const Identity& identity);

  absl::Status Call(CallContext& context, const Message& request, Message& answer) override;
  void Start(CallContext& context, const Message& request, Message& answer, Done done) override;
  std::unique_ptr<Stream> Open(CallContext& context, const Message& request) override;

 private:
  Connection(const ConnectionOptions& options, const Identity& identity);

  const std::shared_ptr<grpc::ChannelInterface> channel_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_CONNECTION_H_
