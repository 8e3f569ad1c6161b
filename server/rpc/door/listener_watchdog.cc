#include "server/rpc/door/listener_watchdog.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "server/base/unique_fd.h"

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

bool WaitFor(int fd, short what, absl::Duration patience) {
  pollfd state{fd, what, 0};
  return poll(&state, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) != 0;
}

/// False when the listener is silent. Whatever keeps this side from asking is no silence.
bool Answers(const SocketAddress& listener, const std::string& hello, absl::Duration patience) {
  const UniqueFd fd(
      socket(listener.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return true;
  const auto* where = reinterpret_cast<const sockaddr*>(&listener.storage);
  if (connect(fd.get(), where, listener.size) != 0 && errno != EINPROGRESS) {
    return errno != ECONNREFUSED;
  }
  if (!WaitFor(fd.get(), POLLOUT, patience)) return false;
  int problem = 0;
  socklen_t size = sizeof(problem);
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) return problem != ECONNREFUSED && problem != ETIMEDOUT;
  if (send(fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL) < 0) return true;
  return WaitFor(fd.get(), POLLIN, patience);
}

}  // namespace

ListenerWatchdog::ListenerWatchdog(const SocketAddress& listener, absl::Duration patience,
                                   std::function<void()> on_silence)
    : listener_(Reachable(listener)),
      pause_(patience / kAttempts),
      on_silence_(std::move(on_silence)),
      hello_(Hello()),
      thread_([this] { Run(); }) {}

ListenerWatchdog::~ListenerWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ListenerWatchdog::Run() {
  int silent = 0;
  while (true) {
    const absl::Time began = absl::Now();
    silent = Answers(listener_, hello_, pause_) ? 0 : silent + 1;
    if (silent == kAttempts) return on_silence_();
    const absl::Duration left = pause_ - (absl::Now() - began);
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, absl::ToChronoNanoseconds(left), [this] { return stopping_; })) {
      return;
    }
  }
}

}  // namespace bitsd::rpc
