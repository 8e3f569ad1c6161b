#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "client/method_table.h"
#include "client/wire_status.h"

namespace bits {
namespace {

constexpr int kMaxReceiveBytes = 16 << 20;  // A page of 1,000 jobs with long names fits.
constexpr int kMaxSendBytes = 4 << 20;      // gRPC servers take no more by default.
// Servers close a connection that pings more often than every five minutes.
constexpr int kKeepAliveMilliseconds = 10 * 60 * 1000;

const char* LevelName(ImpersonationLevel level) {
  switch (level) {
    case ImpersonationLevel::kAnonymous: return "anonymous";
    case ImpersonationLevel::kIdentify: return "identify";
    case ImpersonationLevel::kImpersonate: return "impersonate";
    case ImpersonationLevel::kDelegate: return "delegate";
  }
  return "anonymous";
}

grpc::ChannelArguments Arguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetMaxSendMessageSize(kMaxSendBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMilliseconds);
  arguments.SetServiceConfigJSON(ServiceConfig());
  // Neither DNS nor the environment decides how an identity is shown, or through whom.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Connections carry an identity: none is shared with another client of this process.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!options.ssl_target_name_override.empty()) {
    arguments.SetSslTargetNameOverride(options.ssl_target_name_override);
  }
  return arguments;
}

std::shared_ptr<grpc::Channel> Open(const ClientOptions& options) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.identity.roots;
  tls.pem_private_key = options.identity.private_key;
  tls.pem_cert_chain = options.identity.certificate;
  return grpc::CreateCustomChannel(options.endpoint, grpc::SslCredentials(tls), Arguments(options));
}

}  // namespace

Client::Channel::Channel(ClientOptions options, std::string sid)
    : options_(std::move(options)), sid_(std::move(sid)) {
  const std::shared_ptr<grpc::Channel> channel = Open(options_);
  manager_ = v1::BackgroundCopyManager::NewStub(channel);
  job_ = v1::BackgroundCopyJob::NewStub(channel);
  token_ = v1::BitsTokenOptions::NewStub(channel);
}

void Client::Channel::Describe(grpc::ClientContext& context) const {
  context.AddMetadata("bits-impersonation-level", LevelName(options_.impersonation_level));
  if (options_.filter_admin) context.AddMetadata("bits-filter-admin", "1");
}

absl::Status FromGrpc(const grpc::Status& status) {
  return StatusFromWire(status.error_code(), status.error_message(), status.error_details());
}

}  // namespace bits
