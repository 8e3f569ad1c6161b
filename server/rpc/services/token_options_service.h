// The gRPC service bits.v1.BitsTokenOptions: parses, calls TokenOptions, converts.
//
// Thread safety: any thread. Ownership: what the constructor is given must outlive the server.

#ifndef BITSD_SERVER_RPC_SERVICES_TOKEN_OPTIONS_SERVICE_H_
#define BITSD_SERVER_RPC_SERVICES_TOKEN_OPTIONS_SERVICE_H_

#include "bits/v1/token_options.grpc.pb.h"
#include "server/job/service/token_options.h"
#include "server/rpc/caller/authenticator.h"

namespace bitsd::rpc {

namespace v1 = ::bits::v1;

class TokenOptionsService : public v1::BitsTokenOptions::CallbackService {
 public:
  TokenOptionsService(const Authenticator& authenticator, TokenOptions& tokens, const Clock& clock)
      : authenticator_(authenticator), tokens_(tokens), clock_(clock) {}

  grpc::ServerUnaryReactor* SetHelperTokenFlags(grpc::CallbackServerContext* context,
                                                const v1::SetHelperTokenFlagsRequest* request,
                                                v1::SetHelperTokenFlagsResponse* response) override;
  grpc::ServerUnaryReactor* GetHelperTokenFlags(grpc::CallbackServerContext* context,
                                                const v1::GetHelperTokenFlagsRequest* request,
                                                v1::GetHelperTokenFlagsResponse* response) override;
  grpc::ServerUnaryReactor* SetHelperToken(grpc::CallbackServerContext* context,
                                           const v1::SetHelperTokenRequest* request,
                                           v1::SetHelperTokenResponse* response) override;
  grpc::ServerUnaryReactor* ClearHelperToken(grpc::CallbackServerContext* context,
                                             const v1::ClearHelperTokenRequest* request,
                                             v1::ClearHelperTokenResponse* response) override;
  grpc::ServerUnaryReactor* GetHelperTokenSid(grpc::CallbackServerContext* context,
                                              const v1::GetHelperTokenSidRequest* request,
                                              v1::GetHelperTokenSidResponse* response) override;

 private:
  const Authenticator& authenticator_;
  TokenOptions& tokens_;
  const Clock& clock_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_TOKEN_OPTIONS_SERVICE_H_
