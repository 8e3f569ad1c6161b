#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bits/v1/token_options.grpc.pb.h"
#include "server/rpc/convert/convert.h"
#include "server/rpc/services/handlers.h"
#include "server/rpc/services/unary.h"

namespace bitsd::rpc {
namespace {

/// Runs `body(caller, handle, finish)` with the parsed handle of the request.
template <typename Request, typename Body>
grpc::ServerUnaryReactor* WithHandle(const Authenticator& authenticator,
                                     grpc::CallbackServerContext* context, const Request* request,
                                     Body body) {
  return Unary<v1::BitsTokenOptions>(
      authenticator, context, request, [request, body](const Caller& caller, Finish finish) {
        const absl::StatusOr<std::string> handle = ParseHandle(request->handle());
        if (!handle.ok()) return finish(handle.status());
        body(caller, *handle, finish);
      });
}

class TokenHandlers final : public v1::BitsTokenOptions::CallbackService {
 public:
  TokenHandlers(const Authenticator& authenticator, TokenOptions& tokens, const Clock& clock)
      : authenticator_(authenticator), tokens_(tokens), clock_(clock) {}

  grpc::ServerUnaryReactor* SetHelperTokenFlags(grpc::CallbackServerContext* context,
                                                const v1::SetHelperTokenFlagsRequest* request,
                                                v1::SetHelperTokenFlagsResponse*) override {
    return WithHandle(
        authenticator_, context, request,
        [this, request](const Caller& caller, const std::string& handle, Finish finish) {
          tokens_.SetHelperTokenFlags(caller, handle, request->usage_flags(), finish);
        });
  }

  grpc::ServerUnaryReactor* GetHelperTokenFlags(
      grpc::CallbackServerContext* context, const v1::GetHelperTokenFlagsRequest* request,
      v1::GetHelperTokenFlagsResponse* response) override {
    return WithHandle(
        authenticator_, context, request,
        [this, response](const Caller& caller, const std::string& handle, Finish finish) {
          Answer<uint32_t>(finish, response, [response](uint32_t flags) {
            response->set_usage_flags(flags);
          })(tokens_.GetHelperTokenFlags(caller, handle));
        });
  }

  grpc::ServerUnaryReactor* SetHelperToken(grpc::CallbackServerContext* context,
                                           const v1::SetHelperTokenRequest* request,
                                           v1::SetHelperTokenResponse* response) override {
    return WithHandle(
        authenticator_, context, request,
        [this, request, response](const Caller& caller, const std::string& handle, Finish finish) {
          absl::StatusOr<Loan> loan = ParseLoan(*request, clock_.Now());
          if (!loan.ok()) return finish(loan.status());
          tokens_.SetHelperToken(caller, handle, *std::move(loan),
                                 Answer<absl::Time>(finish, response, [response](absl::Time ends) {
                                   *response->mutable_expire_time() = ToProto(ends);
                                 }));
        });
  }

  grpc::ServerUnaryReactor* ClearHelperToken(grpc::CallbackServerContext* context,
                                             const v1::ClearHelperTokenRequest* request,
                                             v1::ClearHelperTokenResponse*) override {
    return WithHandle(authenticator_, context, request,
                      [this](const Caller& caller, const std::string& handle, Finish finish) {
                        tokens_.ClearHelperToken(caller, handle, finish);
                      });
  }

  grpc::ServerUnaryReactor* GetHelperTokenSid(grpc::CallbackServerContext* context,
                                              const v1::GetHelperTokenSidRequest* request,
                                              v1::GetHelperTokenSidResponse* response) override {
    return WithHandle(
        authenticator_, context, request,
        [this, response](const Caller& caller, const std::string& handle, Finish finish) {
          Answer<std::optional<Sid>>(finish, response, [response](const std::optional<Sid>& sid) {
            if (sid) response->set_sid(sid->ToString());
          })(tokens_.GetHelperTokenSid(caller, handle));
        });
  }

 private:
  const Authenticator& authenticator_;
  TokenOptions& tokens_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewTokenHandlers(const Authenticator& authenticator,
                                                TokenOptions& tokens, const Clock& clock) {
  return std::make_unique<TokenHandlers>(authenticator, tokens, clock);
}

}  // namespace bitsd::rpc
