#include "server/rpc/door/listener_watchdog.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "server/error/errors.h"
#include "server/rpc/door/peer_address.h"

namespace bitsd::rpc {
namespace {

constexpr int kAttempts = 3;

struct SslCtxFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

/// What a client of TLS says first.
std::string Hello() {
  const std::unique_ptr<SSL_CTX, SslCtxFree> context(SSL_CTX_new(TLS_client_method()));
  const std::unique_ptr<SSL, SslFree> ssl(context ? SSL_new(context.get()) : nullptr);
  if (ssl == nullptr) return "";
  BIO* const sent = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), sent);  // Takes both.
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  SSL_connect(ssl.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(sent, &data);
  std::string hello(data, size > 0 ? static_cast<size_t>(size) : 0);
  ERR_clear_error();
  return hello;
}

/// Where a listener on every address is reached.
SocketAddress Reachable(SocketAddress address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address.storage, sizeof(v4));
    if (v4.sin_addr.s_addr == htonl(INADDR_ANY)) v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    return address;
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &address.storage, sizeof(v6));
  if (!IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) return address;
  // IPv6 may be off on the loopback interface; a listener on every address has IPv4's, too.
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = v6.sin6_port;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.size = sizeof(v4);
  std::memcpy(&address.storage, &v4, sizeof(v4));
  return address;
}

}  // namespace

/// One connection to the listener.
class ListenerWatchdog::Probe {
 public:
  explicit Probe(const ListenerWatchdog& owner)
      : owner_(owner),
        fd_(socket(owner.listener_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   0)) {}

  /// False when nothing came. Whatever keeps this side from asking is no silence, nor is the end of
  /// the watchdog.
  bool IsAnswered() const {
    if (!fd_.valid()) return true;
    const auto* where = reinterpret_cast<const sockaddr*>(&owner_.listener_.storage);
    if (connect(fd_.get(), where, owner_.listener_.size) != 0 && errno != EINPROGRESS) {
      return errno != ECONNREFUSED;
    }
    if (!Becomes(POLLOUT)) return false;
    int problem = 0;
    socklen_t size = sizeof(problem);
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0) return problem != ECONNREFUSED && problem != ETIMEDOUT;
    const std::string& hello = owner_.hello_;
    return send(fd_.get(), hello.data(), hello.size(), MSG_NOSIGNAL) < 0 || Becomes(POLLIN);
  }

  /// The door let it in.
  bool IsTaken() const {
    sockaddr_storage own{};
    socklen_t size = sizeof(own);
    return getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
           owner_.table_.Has(PeerAddressOf(own).connection);
  }

 private:
  bool Becomes(short what) const {
    pollfd states[] = {{fd_.get(), what, 0}, {owner_.stop_.get(), POLLIN, 0}};
    return poll(states, 2, static_cast<int>(absl::ToInt64Milliseconds(owner_.pause_))) != 0;
  }

  const ListenerWatchdog& owner_;
  const UniqueFd fd_;
};

absl::StatusOr<std::unique_ptr<ListenerWatchdog>> ListenerWatchdog::Start(
    const SocketAddress& listener, absl::Duration patience, const ConnectionTable& table,
    std::function<void()> on_silence) {
  std::unique_ptr<ListenerWatchdog> watchdog(
      new ListenerWatchdog(listener, patience, table, std::move(on_silence)));
  if (!watchdog->stop_.valid()) {
    return error::InvalidArgument("Cannot watch the listener: no descriptors are left.");
  }
  watchdog->thread_ = std::thread([raw = watchdog.get()] { raw->Run(); });
  return watchdog;
}

ListenerWatchdog::ListenerWatchdog(const SocketAddress& listener, absl::Duration patience,
                                   const ConnectionTable& table, std::function<void()> on_silence)
    : listener_(Reachable(listener)),
      pause_(patience / kAttempts),
      table_(table),
      on_silence_(std::move(on_silence)),
      hello_(Hello()),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ListenerWatchdog::~ListenerWatchdog() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  if (write(stop_.get(), &one, sizeof(one)) < 0) {
    // It is readable already.
  }
  thread_.join();
}

bool ListenerWatchdog::IsWell() const {
  const Probe probe(*this);
  const uint64_t before = table_.arrived();
  if (probe.IsAnswered()) return true;
  return table_.arrived() != before && !probe.IsTaken();
}

bool ListenerWatchdog::StopsWithin(absl::Duration patience) const {
  pollfd state{stop_.get(), POLLIN, 0};
  const absl::Duration left = std::max(patience, absl::ZeroDuration());
  return poll(&state, 1, static_cast<int>(absl::ToInt64Milliseconds(left))) != 0;
}

void ListenerWatchdog::Run() {
  int silent = 0;
  while (true) {
    const absl::Time began = absl::Now();
    silent = IsWell() ? 0 : silent + 1;
    if (silent == kAttempts) return on_silence_();
    if (StopsWithin(pause_ - (absl::Now() - began))) return;
  }
}

}  // namespace bitsd::rpc
