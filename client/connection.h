// One connection of one identity: gRPC channel and stubs.
//
// Internal: with the .cc files that include it, this is all of the library that sees grpcpp. Thread
// safety: immutable after construction. Ownership: shared by the pool and by the calls and streams
// that use it; it closes with the last of them.

#ifndef BITSD_CLIENT_CONNECTION_H_
#define BITSD_CLIENT_CONNECTION_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bits/v1/job.grpc.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "bits/v1/session.grpc.pb.h"
#include "bits/v1/token_options.grpc.pb.h"
#include "bitsd/client/identity.h"

namespace bits {

struct ConnectionOptions {
  std::string endpoint;
  std::string ssl_target_name_override;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds keepalive;
};

class Connection {
 public:
  /// Connects at the first call. Nothing of it is shared with another Connection of the process.
  /// Whoever lets go of it last need not care on which thread that is (callback_thread.h).
  static std::shared_ptr<const Connection> Open(const ConnectionOptions& options,
                                                const Identity& identity);

  v1::BackgroundCopyManager::Stub& manager() const { return *manager_; }
  v1::BackgroundCopyJob::Stub& job() const { return *job_; }
  v1::BitsTokenOptions::Stub& token() const { return *token_; }
  v1::Sessions::Stub& sessions() const { return *sessions_; }

 private:
  Connection(const ConnectionOptions& options, const Identity& identity);

  std::unique_ptr<v1::BackgroundCopyManager::Stub> manager_;
  std::unique_ptr<v1::BackgroundCopyJob::Stub> job_;
  std::unique_ptr<v1::BitsTokenOptions::Stub> token_;
  std::unique_ptr<v1::Sessions::Stub> sessions_;
};

/// The library's status for gRPC's.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_H_
