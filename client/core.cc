#include "client/core.h"

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

Client::Core::Core(const Core& other, std::shared_ptr<const Caller> own)
    : cloaking_(other.cloaking_),
      connection_options_(other.connection_options_),
      own_{std::move(own), other.own_.connection, other.own_.deadline, /*impersonated=*/false},
      pool_(other.pool_) {}

CallRoute Client::Core::Capture() const {
  if (cloaking_ == Cloaking::kStatic) return own_;
  std::shared_ptr<const Caller> caller = ThreadCaller();
  if (caller == nullptr) return own_;
  std::shared_ptr<const Connection> connection = pool_->Get(caller->identity);
  return {std::move(caller), std::move(connection), own_.deadline, /*impersonated=*/true};
}

CallRoute Client::Core::CaptureAlone() const {
  CallRoute route = Capture();
  route.connection = Connection::Open(connection_options_, route.caller->identity);
  return route;
}

}  // namespace bits
