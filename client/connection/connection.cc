#include "client/connection/connection.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <utility>

#include "client/connection/callback_thread.h"
#include "client/connection/service_config.h"
#include "client/connection/wire_status.h"
#include "client/identity/caller.h"

namespace bits {
namespace {

using google::protobuf::MessageLite;
using grpc::internal::RpcMethod;

constexpr int kMaxReceiveBytes = 16 << 20;  // A page of 1,000 jobs with long names fits.
constexpr int kMaxSendBytes = 4 << 20;      // gRPC servers take no more by default.
constexpr int kLongestPing = 10'000;        // Until its answer.
// A service that comes back is found soon, also after it was away for long.
constexpr int kFirstReconnect = 200;
constexpr int kSlowestReconnect = 5'000;
/// How long a stream waits for a connection that was lost, and until it sees that it was cancelled.
constexpr std::chrono::seconds kReconnectPatience{2};
constexpr std::chrono::milliseconds kCancelPatience{100};

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

/// "/bits.v1.BackgroundCopyJob/Cancel".
std::string PathOf(const Transport::Message& request) {
  const auto& method = MethodOf(request);
  return "/" + method.service()->full_name() + "/" + method.name();
}

absl::Status FromGrpc(const grpc::Status& status) {
  return StatusFromWire(status.error_code(), status.error_message(), status.error_details());
}

/// A call as gRPC knows it; cancelled when `call` is.
class GrpcContext {
 public:
  explicit GrpcContext(CallContext& call) : call_(call) {
    for (const auto& [key, value] : MetadataOf(call.options())) grpc_.AddMetadata(key, value);
    if (call.deadline()) grpc_.set_deadline(*call.deadline());
    call_.OnCancel([this] { grpc_.TryCancel(); });
  }
  ~GrpcContext() { call_.OnCancel(nullptr); }
  GrpcContext(const GrpcContext&) = delete;
  GrpcContext& operator=(const GrpcContext&) = delete;

  grpc::ClientContext* get() { return &grpc_; }

 private:
  CallContext& call_;
  grpc::ClientContext grpc_;
};

/// `done` may hold the last share of the connection: it goes after gRPC's context.
struct StartedCall {
  StartedCall(Transport::Done done, CallContext& call) : done(std::move(done)), context(call) {}

  Transport::Done done;
  GrpcContext context;
};

bool IsConnecting(grpc::ChannelInterface& channel) {
  const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
  return state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_CONNECTING;
}

/// A channel whose service was not there fails every call at once until it is connected again, and
/// that makes progress only while somebody waits for it: who asks again after a pause does.
void AwaitConnection(grpc::ChannelInterface& channel, const CallContext& call) {
  using Clock = std::chrono::system_clock;
  const auto end = Clock::now() + kReconnectPatience;
  while (IsConnecting(channel) && !call.cancelled() && Clock::now() < end) {
    channel.WaitForStateChange(channel.GetState(false), Clock::now() + kCancelPatience);
  }
}

/// Begins at once where that does not have to wait for a connection, else with the first Read.
class GrpcStream final : public Transport::Stream {
 public:
  GrpcStream(std::shared_ptr<grpc::ChannelInterface> channel, CallContext& call,
             const Transport::Message& request)
      : channel_(std::move(channel)), call_(call), context_(call) {
    if (IsConnecting(*channel_)) {
      request_.reset(request.New());
      request_->CopyFrom(request);
    } else {
      Begin(request);
    }
  }

  ~GrpcStream() override {
    context_.get()->TryCancel();
    if (reader_ != nullptr && !finished_) reader_->Finish();
  }

  bool Read(Transport::Message& answer) override {
    BeginNow();
    return reader_->Read(&answer);
  }

  absl::Status Finish() override {
    BeginNow();
    finished_ = true;
    return FromGrpc(reader_->Finish());
  }

 private:
  void BeginNow() {
    if (reader_ != nullptr) return;
    AwaitConnection(*channel_, call_);
    Begin(*request_);
  }

  void Begin(const Transport::Message& request) {
    const std::string path = PathOf(request);
    const MessageLite& sent = request;
    reader_.reset(grpc::internal::ClientReaderFactory<MessageLite>::Create(
        channel_.get(), RpcMethod(path.c_str(), RpcMethod::SERVER_STREAMING), context_.get(),
        sent));
  }

  const std::shared_ptr<grpc::ChannelInterface> channel_;
  const CallContext& call_;
  GrpcContext context_;
  std::unique_ptr<Transport::Message> request_;  ///< Until it begins.
  std::unique_ptr<grpc::ClientReader<MessageLite>> reader_;
  bool finished_ = false;
};

}  // namespace

Connection::Connection(const ConnectionOptions& options, const Identity& identity)
    : channel_(OpenChannel(options, identity)) {}

std::shared_ptr<Connection> Connection::Open(const ConnectionOptions& options,
                                             const Identity& identity) {
  return {new Connection(options, identity), EndConnection};
}

absl::Status Connection::Call(CallContext& context, const Message& request, Message& answer) {
  GrpcContext own(context);
  const std::string path = PathOf(request);
  return FromGrpc(grpc::internal::BlockingUnaryCall<MessageLite, MessageLite>(
      channel_.get(), RpcMethod(path.c_str(), RpcMethod::NORMAL_RPC), own.get(), request, &answer));
}

void Connection::Start(CallContext& context, const Message& request, Message& answer, Done done) {
  auto call = std::make_shared<StartedCall>(std::move(done), context);
  grpc::ClientContext* const grpc_context = call->context.get();
  grpc::TemplatedGenericStub<MessageLite, MessageLite>(channel_).UnaryCall(
      grpc_context, PathOf(request), grpc::StubOptions(), &request, &answer,
      [call = std::move(call)](const grpc::Status& status) mutable {
        const CallbackThread here;
        call->done(FromGrpc(status));
        // What it holds goes here, and not with the lambda.
        call.reset();
      });
}

std::unique_ptr<Transport::Stream> Connection::Open(CallContext& context, const Message& request) {
  return std::make_unique<GrpcStream>(channel_, context, request);
}

}  // namespace bits
