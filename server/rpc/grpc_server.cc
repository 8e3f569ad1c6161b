#include "server/rpc/grpc_server.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "server/error/errors.h"
#include "server/rpc/caller/authenticator.h"
#include "server/rpc/caller/side_streams.h"
#include "server/rpc/caller/stream_registry.h"
#include "server/rpc/door/connection_table.h"
#include "server/rpc/door/front_door.h"
#include "server/rpc/door/listener_watchdog.h"
#include "server/rpc/pre_handler_check.h"
#include "server/rpc/services/handlers.h"
#include "server/rpc/services/services.h"
#include "server/rpc/tls/grpc_log.h"
#include "server/rpc/tls/server_credentials.h"

namespace bitsd::rpc {
namespace {

/// ConnectionTable ends connections long before this is used up: at the limit gRPC ends streams of
/// anybody.
constexpr size_t kMaxBufferMemory = size_t{512} << 20;
/// How long connections have to take the last answers once no call is left.
constexpr absl::Duration kFarewell = absl::Milliseconds(500);
constexpr int kMaxSyncThreads = 64;  ///< Reflection and channelz are not asynchronous.

/// Process-wide settings of gRPC, made once and before the first server.
void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Debian's Abseil is built with its deadlock detector on, which costs every call of gRPC.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::channelz::experimental::InitChannelzService();
  });
}

/// What a peer may cost.
void SetLimits(const GrpcServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(GrpcServer::kMaxMessage);
  builder.SetResourceQuota(
      grpc::ResourceQuota("bitsd").Resize(kMaxBufferMemory).SetMaxThreads(kMaxSyncThreads));
  const std::pair<const char*, int> arguments[] = {
      {GRPC_ARG_MAX_METADATA_SIZE, GrpcServer::kMaxMetadata},
      // What is small on its way must not become large here: sizes are judged as they arrive.
      {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, GrpcServer::kMaxStreamsPerConnection},
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, static_cast<int>(absl::ToInt64Milliseconds(options.idle))},
      // Our pings find dead peers; theirs may come every 10 s, else the connection is closed.
      {GRPC_ARG_KEEPALIVE_TIME_MS, 60'000},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000},
      {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2},
  };
  for (const auto& [name, value] : arguments) builder.AddChannelArgument(name, value);
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
}

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(const GrpcServerOptions& options, const GrpcServerParts& parts)
      : counters_(std::make_shared<HandshakeCounters>(parts.audit, parts.clock)),
        log_(counters_),
        refusals_(parts.audit, parts.clock),
        connections_(options.door),
        answers_(options.door.unread_per_caller),
        authenticator_(parts.identities, parts.sessions, parts.clock, refusals_, calls_,
                       connections_, answers_),
        side_streams_(authenticator_),
        reloads_(parts.reloads),
        clock_(parts.clock),
        manager_(NewManagerHandlers(authenticator_, parts.jobs, parts.clock, options.info,
                                    parts.reloads, streams_)),
        jobs_(NewJobHandlers(authenticator_, parts.jobs)),
        tokens_(NewTokenHandlers(authenticator_, parts.tokens, parts.clock)),
        sessions_(NewSessionHandlers(authenticator_, parts.sessions, streams_)) {}

  absl::Status Listen(const GrpcServerOptions& options);
  void SetServing(bool serving);
  absl::Status ReplaceTls(const TlsMaterial& material);
  absl::Status ReplaceRoots(const TlsMaterial& material);
  void OnNewGeneration() { streams_.RecheckAll(); }
  void ShowReloads();
  void SetInfo(const ServerInfo& info) { manager_->SetInfo(info); }
  void Shutdown(absl::Duration grace);

  int port() const { return port_; }
  const HandshakeCounters& handshakes() const { return *counters_; }

 private:
  const std::shared_ptr<HandshakeCounters> counters_;
  const GrpcLogHook log_;
  RefusalLog refusals_;
  CallsInFlight calls_;
  ConnectionTable connections_;
  AnswerBudget answers_;
  const Authenticator authenticator_;
  SideStreams side_streams_;
  const ReloadStatus& reloads_;
  const Clock& clock_;
  std::unique_ptr<TlsHandover> tls_;
  StreamRegistry streams_;
  const std::unique_ptr<ManagerHandlers> manager_;
  const std::unique_ptr<grpc::Service> jobs_;
  const std::unique_ptr<grpc::Service> tokens_;
  const std::unique_ptr<grpc::Service> sessions_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<FrontDoor> door_;
  std::unique_ptr<ListenerWatchdog> watchdog_;
  std::once_flag shut_down_;
};

absl::Status GrpcServer::Impl::Listen(const GrpcServerOptions& options) {
  absl::StatusOr<std::unique_ptr<TlsHandover>> tls = TlsHandover::Create(options.tls);
  if (!tls.ok()) return tls.status();
  tls_ = *std::move(tls);
  absl::StatusOr<ListenSocket> socket = rpc::Listen(options.listen);
  if (!socket.ok()) return socket.status();
  port_ = socket->port;
  const SocketAddress bound = socket->bound;
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  using Experimental = grpc::ServerBuilder::experimental_type;
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      Experimental::ExternalConnectionType::FROM_FD,
      MakeServerCredentials(*tls_,
                            std::make_shared<PreHandlerCheck>(authenticator_, side_streams_)));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(side_streams_.MakeFactory());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.RegisterService(&manager_->service());
  builder.RegisterService(jobs_.get());
  builder.RegisterService(tokens_.get());
  builder.RegisterService(sessions_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return error::InvalidArgument("gRPC cannot start.");
  auto door = FrontDoor::Open(*std::move(socket), connections_, [this](UniqueFd connection) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters taken;
    taken.fd = connection.Release();
    acceptor_->HandleNewConnection(&taken);
  });
  if (!door.ok()) return door.status();
  door_ = *std::move(door);
  if (options.listener_patience > absl::ZeroDuration()) {
    auto watchdog = ListenerWatchdog::Start(bound, options.listener_patience, connections_, [] {
      spdlog::critical("the listener does not answer: bitsd ends, to be started again");
      spdlog::shutdown();
      _exit(EXIT_FAILURE);
    });
    if (!watchdog.ok()) return watchdog.status();
    watchdog_ = *std::move(watchdog);
  }
  return absl::OkStatus();
}

void GrpcServer::Impl::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus(serving);
  for (const std::string& name : ServiceNames()) health->SetServingStatus(name, serving);
  health->SetServingStatus(GrpcServer::kReloadHealth, serving && reloads_.well());
}

void GrpcServer::Impl::ShowReloads() {
  server_->GetHealthCheckService()->SetServingStatus(GrpcServer::kReloadHealth, reloads_.well());
}

absl::Status GrpcServer::Impl::ReplaceRoots(const TlsMaterial& material) {
  const absl::Status status = CheckRoots(material);
  return status.ok() ? tls_->Replace(material) : status;
}

absl::Status GrpcServer::Impl::ReplaceTls(const TlsMaterial& material) {
  const absl::Status status = CheckTlsMaterial(material, clock_.Now());
  return status.ok() ? tls_->Replace(material) : status;
}

void GrpcServer::Impl::Shutdown(absl::Duration grace) {
  if (server_ == nullptr) return;
  std::call_once(shut_down_, [&] {
    SetServing(false);
    // A stream has no end of its own: calls in flight are waited for, streams are told.
    streams_.EndAll(error::ServiceStopping());
    const absl::Time end = absl::Now() + grace;
    calls_.AwaitNone(absl::ToChronoNanoseconds(grace));
    watchdog_.reset();
    door_.reset();
    server_->Shutdown(absl::ToChronoTime(std::min(end, absl::Now() + kFarewell)));
  });
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const GrpcServerOptions& options,
                                                              const GrpcServerParts& parts) {
  absl::Status status = CheckTlsMaterial(options.tls, parts.clock.Now());
  if (!status.ok()) return status;
  EnablePlugins();
  auto impl = std::make_unique<Impl>(options, parts);
  status = impl->Listen(options);
  if (!status.ok()) return status;
  impl->SetServing(true);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GrpcServer::~GrpcServer() { Shutdown(absl::ZeroDuration()); }

int GrpcServer::port() const { return impl_->port(); }
const HandshakeCounters& GrpcServer::handshakes() const { return impl_->handshakes(); }
absl::Status GrpcServer::ReplaceTls(const TlsMaterial& material) {
  return impl_->ReplaceTls(material);
}
absl::Status GrpcServer::ReplaceRoots(const TlsMaterial& material) {
  return impl_->ReplaceRoots(material);
}
void GrpcServer::OnNewGeneration() { impl_->OnNewGeneration(); }
void GrpcServer::ShowReloads() { impl_->ShowReloads(); }
void GrpcServer::SetInfo(const ServerInfo& info) { impl_->SetInfo(info); }
void GrpcServer::Shutdown(absl::Duration grace) { impl_->Shutdown(grace); }

}  // namespace bitsd::rpc
