// The gRPC server of bitsd: the services of bits.v1, health, reflection and channelz behind mutual
// TLS and the identity check.
//
// This header is free of gRPC, so that whoever starts the server need not know it. Thread safety:
// any thread; Shutdown waits. Ownership: what Parts names must outlive the server, and the domain's
// services must end the calls in flight before or while the server shuts down.

#ifndef BITSD_SERVER_RPC_GRPC_SERVER_H_
#define BITSD_SERVER_RPC_GRPC_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/identity/identity_cache.h"
#include "server/job/service/job_service.h"
#include "server/job/service/token_options.h"
#include "server/ops/audit.h"
#include "server/ops/reload_status.h"
#include "server/rpc/door/door_limits.h"
#include "server/rpc/services/server_info.h"
#include "server/rpc/tls/handshake_counters.h"
#include "server/rpc/tls/tls_material.h"
#include "server/session/session_table.h"

namespace bitsd::rpc {

struct GrpcServerOptions {
  std::string listen = "127.0.0.1:7443";  ///< Port 0: any free one.
  TlsMaterial tls;
  ServerInfo info;
  DoorLimits door;
  absl::Duration idle = absl::Minutes(10);  ///< A connection without calls is closed after this.
  /// The process ends when the own listener has not answered for this long; zero: it is not asked.
  absl::Duration listener_patience = absl::ZeroDuration();
};

/// What the server works with.
struct GrpcServerParts {
  JobService& jobs;
  TokenOptions& tokens;
  IdentityCache& identities;
  SessionTable& sessions;
  AuditLog& audit;
  const Clock& clock;
  const ReloadStatus& reloads;
};

class GrpcServer {
 public:
  static constexpr int kMaxMessage = 4 << 20;
  static constexpr int kMaxMetadata = 16 << 10;
  static constexpr int kMaxStreamsPerConnection = 256;

  /// Checks the TLS material and listens. E_INVALIDARG when either is not possible.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const GrpcServerOptions& options,
                                                           const GrpcServerParts& parts);

  /// As Shutdown without a grace period.
  ~GrpcServer();

  int port() const;
  const HandshakeCounters& handshakes() const;

  /// The health service that says whether every reloadable file is in force.
  static constexpr char kReloadHealth[] = "bits.v1.Reload";

  /// New handshakes use `material` within a second; connections stay. E_INVALIDARG, and nothing
  /// changes, when it does not pass CheckTlsMaterial.
  absl::Status ReplaceTls(const TlsMaterial& material);
  /// As ReplaceTls, where only the roots are new and judged: the pair in force may have expired.
  absl::Status ReplaceRoots(const TlsMaterial& material);

  /// The identities were renewed: streams of callers that are no longer who they were end.
  void OnNewGeneration();

  /// Shows in the health service kReloadHealth what the board says.
  void ShowReloads();

  /// What GetServerInfo answers from now on.
  void SetInfo(const ServerInfo& info);

  /// Health says NOT_SERVING, new calls are refused, and calls in flight have `grace` to end; then
  /// they are cancelled. Returns when all have ended. May be called again.
  void Shutdown(absl::Duration grace);

 private:
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_GRPC_SERVER_H_
