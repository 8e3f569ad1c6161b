#include "client/calls/core.h"

#include <utility>

namespace bits {
namespace {

ConnectionOptions ConnectionOptionsOf(const ClientOptions& options) {
  return {options.endpoint, options.ssl_target_name_override, options.idle_timeout,
          options.keepalive};
}

}  // namespace

// The client's own connection is none of the pool's: impersonations never push it out.
Client::Core::Core(const ClientOptions& options, std::shared_ptr<const Caller> own)
    : cloaking_(options.cloaking),
      connection_options_(ConnectionOptionsOf(options)),
      own_{own, Connection::Open(connection_options_, own->identity), options.deadline,
           /*impersonated=*/false},
      pool_(std::make_shared<ConnectionPool>(connection_options_,
                                             options.max_impersonated_connections)) {}

Client::Core::Core(std::shared_ptr<Transport> transport, std::shared_ptr<const Caller> own)
    : cloaking_(Cloaking::kDynamic),
      connection_options_(),
      own_{std::move(own), std::move(transport), ClientOptions().deadline,
           /*impersonated=*/false} {}

Client::Core::Core(const Core& other, std::shared_ptr<const Caller> own)
    : cloaking_(other.cloaking_),
      connection_options_(other.connection_options_),
      own_{std::move(own), other.own_.transport, other.own_.deadline, /*impersonated=*/false},
      pool_(other.pool_) {}

CallRoute Client::Core::Capture() const {
  if (cloaking_ == Cloaking::kStatic) return own_;
  std::shared_ptr<const Caller> caller = ThreadCaller();
  if (caller == nullptr) return own_;
  std::shared_ptr<Transport> transport =
      pool_ == nullptr ? own_.transport : pool_->Get(caller->identity);
  return {std::move(caller), std::move(transport), own_.deadline, /*impersonated=*/true};
}

CallRoute Client::Core::CaptureAlone() const {
  CallRoute route = Capture();
  if (pool_ != nullptr) {
    route.transport = Connection::Open(connection_options_, route.caller->identity);
  }
  return route;
}

}  // namespace bits
