#include "server/rpc/caller/side_streams.h"

#include <grpcpp/server_context.h>

#include <utility>

namespace bitsd::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;

/// Methods that keep a stream open.
bool IsStream(std::string_view path) {
  static constexpr std::string_view kStreams[] = {
      "/grpc.health.v1.Health/Watch",
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"};
  for (const std::string_view stream : kStreams) {
    if (path == stream) return true;
  }
  return false;
}

}  // namespace

/// Of one call; lives as long as the call.
class SideStreams::Counter : public grpc::experimental::Interceptor {
 public:
  Counter(SideStreams& streams, grpc::experimental::ServerRpcInfo& call)
      : streams_(streams), call_(call) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    // Not before: the peer is not known when the interceptor is made.
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      Begin();
    }
    methods->Proceed();
  }

 private:
  void Begin() {
    grpc::ServerContextBase& context = *call_.server_context();
    const auto peer = context.auth_context();
    const bool fits = streams_.authenticator_.NotePeer(context, *peer).ok();
    if (fits && !IsStream(call_.method())) return;
    // PreHandlerCheck has looked; this is for those that came at the same moment.
    auto places = streams_.Acquire(streams_.authenticator_.KeyOf(*peer));
    if (!fits || !places.ok()) context.TryCancel();
    if (places.ok()) places_ = *std::move(places);
  }

  SideStreams& streams_;
  grpc::experimental::ServerRpcInfo& call_;
  Places places_;
};

class SideStreams::Factory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(SideStreams& streams) : streams_(streams) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override {
    // Those of bits.v1 count by themselves.
    if (call->method() == nullptr) return nullptr;
    if (!std::string_view(call->method()).starts_with("/grpc.")) return nullptr;
    return new Counter(streams_, *call);
  }

 private:
  SideStreams& streams_;
};

absl::Status SideStreams::Check(const grpc::AuthContext& peer, std::string_view path) {
  return IsStream(path) ? Check(authenticator_.KeyOf(peer)) : absl::OkStatus();
}

absl::Status SideStreams::Check(const CallerKey& caller) const {
  if (caller.fingerprint.empty()) return open_.Check(caller);
  absl::Status own = of_strangers_.Check(caller);
  return own.ok() ? open_.Check(CallerKey()) : own;
}

absl::StatusOr<SideStreams::Places> SideStreams::Acquire(const CallerKey& caller) {
  const bool stranger = !caller.fingerprint.empty();
  auto own = (stranger ? of_strangers_ : open_).Acquire(caller);
  if (!own.ok()) return own.status();
  if (!stranger) return Places{*std::move(own), nullptr};
  auto shared = open_.Acquire(CallerKey());
  if (!shared.ok()) return shared.status();
  return Places{*std::move(own), *std::move(shared)};
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> SideStreams::MakeFactory() {
  return std::make_unique<Factory>(*this);
}

}  // namespace bitsd::rpc
