#include "client/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <climits>

#include "client/callback_thread.h"
#include "client/service_config.h"
#include "client/wire_status.h"

namespace bits {
namespace {

constexpr int kMaxReceiveBytes = 16 << 20;  // A page of 1,000 jobs with long names fits.
constexpr int kMaxSendBytes = 4 << 20;      // gRPC servers take no more by default.
constexpr int kLongestPing = 10'000;        // Until its answer.
// A service that comes back is found soon, also after it was away for long.
constexpr int kFirstReconnect = 200;
constexpr int kSlowestReconnect = 5'000;

int Milliseconds(std::chrono::milliseconds time) {
  return static_cast<int>(std::clamp<int64_t>(time.count(), 1, INT_MAX));
}

grpc::ChannelArguments Arguments(const ConnectionOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetMaxSendMessageSize(kMaxSendBytes);
  // Pings are sent while a call is open; bitsd closes a connection that pings faster than every 10
  // s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   std::min(Milliseconds(options.keepalive), kLongestPing));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnect);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kSlowestReconnect);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, Milliseconds(options.idle_timeout));
  arguments.SetServiceConfigJSON(ServiceConfig());
  // Neither DNS nor the environment decides how an identity is shown, or through whom.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A connection carries an identity: none is shared with another channel of this process.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!options.ssl_target_name_override.empty()) {
    arguments.SetSslTargetNameOverride(options.ssl_target_name_override);
  }
  return arguments;
}

std::shared_ptr<grpc::Channel> OpenChannel(const ConnectionOptions& options,
                                           const Identity& identity) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = identity.roots;
  tls.pem_private_key = identity.private_key;
  tls.pem_cert_chain = identity.certificate;
  return grpc::CreateCustomChannel(options.endpoint, grpc::SslCredentials(tls), Arguments(options));
}

}  // namespace

Connection::Connection(const ConnectionOptions& options, const Identity& identity) {
  const std::shared_ptr<grpc::Channel> channel = OpenChannel(options, identity);
  manager_ = v1::BackgroundCopyManager::NewStub(channel);
  job_ = v1::BackgroundCopyJob::NewStub(channel);
  token_ = v1::BitsTokenOptions::NewStub(channel);
  sessions_ = v1::Sessions::NewStub(channel);
}

std::shared_ptr<const Connection> Connection::Open(const ConnectionOptions& options,
                                                   const Identity& identity) {
  return {new Connection(options, identity), EndConnection};
}

absl::Status FromGrpc(const grpc::Status& status) {
  return StatusFromWire(status.error_code(), status.error_message(), status.error_details());
}

}  // namespace bits
