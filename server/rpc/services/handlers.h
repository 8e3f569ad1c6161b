// The handlers of bits.v1, a gRPC service each: they parse, call the domain, and convert the
// answer.
//
// A handler is a method of a class in the service's source; no other file names it. Thread safety:
// any thread. Ownership: what a function here is given must outlive the gRPC server.

#ifndef BITSD_SERVER_RPC_SERVICES_HANDLERS_H_
#define BITSD_SERVER_RPC_SERVICES_HANDLERS_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/base/clock.h"
#include "server/job/service/job_service.h"
#include "server/job/service/token_options.h"
#include "server/ops/reload_status.h"
#include "server/rpc/caller/authenticator.h"
#include "server/rpc/caller/stream_registry.h"
#include "server/rpc/services/server_info.h"
#include "server/session/session_table.h"

namespace bitsd::rpc {

/// bits.v1.BackgroundCopyManager.
class ManagerHandlers {
 public:
  virtual ~ManagerHandlers() = default;

  virtual grpc::Service& service() = 0;
  /// What GetServerInfo answers from now on.
  virtual void SetInfo(const ServerInfo& info) = 0;
};
std::unique_ptr<ManagerHandlers> NewManagerHandlers(const Authenticator& authenticator,
                                                    JobService& jobs, const Clock& clock,
                                                    const ServerInfo& info,
                                                    const ReloadStatus& reloads,
                                                    StreamRegistry& registry);

/// bits.v1.BackgroundCopyJob.
std::unique_ptr<grpc::Service> NewJobHandlers(const Authenticator& authenticator, JobService& jobs);

/// bits.v1.BitsTokenOptions.
std::unique_ptr<grpc::Service> NewTokenHandlers(const Authenticator& authenticator,
                                                TokenOptions& tokens, const Clock& clock);

/// bits.v1.Sessions.
std::unique_ptr<grpc::Service> NewSessionHandlers(const Authenticator& authenticator,
                                                  SessionTable& sessions, StreamRegistry& registry);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_HANDLERS_H_
