// The gRPC service bits.v1.Sessions: parses, calls the session table, converts.
//
// Thread safety: any thread. Ownership: what the constructor is given must outlive the server.

#ifndef BITSD_SERVER_RPC_SERVICES_SESSIONS_SERVICE_H_
#define BITSD_SERVER_RPC_SERVICES_SESSIONS_SERVICE_H_

#include "bits/v1/session.grpc.pb.h"
#include "server/base/page_token.h"
#include "server/rpc/caller/authenticator.h"
#include "server/rpc/caller/stream_registry.h"
#include "server/rpc/caller/watch_limiter.h"
#include "server/session/session_table.h"

namespace bitsd::rpc {

namespace v1 = ::bits::v1;

class SessionsService : public v1::Sessions::CallbackService {
 public:
  SessionsService(const Authenticator& authenticator, SessionTable& sessions,
                  StreamRegistry& registry)
      : authenticator_(authenticator), sessions_(sessions), registry_(registry) {}

  grpc::ServerUnaryReactor* Logon(grpc::CallbackServerContext* context,
                                  const v1::LogonRequest* request,
                                  v1::LogonResponse* response) override;
  grpc::ServerWriteReactor<v1::KeepAliveResponse>* KeepAlive(
      grpc::CallbackServerContext* context, const v1::KeepAliveRequest* request) override;
  grpc::ServerUnaryReactor* Logoff(grpc::CallbackServerContext* context,
                                   const v1::LogoffRequest* request,
                                   v1::LogoffResponse* response) override;
  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                         const v1::ListSessionsRequest* request,
                                         v1::ListSessionsResponse* response) override;

 private:
  absl::Status List(const Caller& caller, const v1::ListSessionsRequest& request,
                    v1::ListSessionsResponse& response) const;

  const Authenticator& authenticator_;
  SessionTable& sessions_;
  StreamRegistry& registry_;
  const PageTokens page_tokens_;
  WatchLimiter keep_alives_{"KeepAlive streams"};
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_SESSIONS_SERVICE_H_
