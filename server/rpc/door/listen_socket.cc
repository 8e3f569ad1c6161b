#include "server/rpc/door/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

constexpr int kBacklog = 4096;  // The kernel takes what its own limit allows.

absl::Status CannotListen(const std::string& text) {
  return error::InvalidArgument(absl::StrCat("Cannot listen on ", text,
                                             ": is the address right, and the port free? (",
                                             std::strerror(errno), ")"));
}

int PortOf(const SocketAddress& address) {
  sockaddr_in v4;
  std::memcpy(&v4, &address.storage, sizeof(v4));  // The port is where it is in IPv6.
  return ntohs(v4.sin_port);
}

}  // namespace

std::optional<SocketAddress> ParseSocketAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return std::nullopt;
  }
  SocketAddress address;
  const std::string host = text.substr(0, colon);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<uint16_t>(port));
    address.size = sizeof(v4);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    return address;
  }
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
  if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) != 1) {
    return std::nullopt;
  }
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<uint16_t>(port));
  address.size = sizeof(v6);
  std::memcpy(&address.storage, &v6, sizeof(v6));
  return address;
}

absl::StatusOr<ListenSocket> Listen(const std::string& text) {
  errno = EINVAL;
  const std::optional<SocketAddress> address = ParseSocketAddress(text);
  if (!address) return CannotListen(text);
  const int family = address->storage.ss_family;
  ListenSocket out;
  out.fd.Reset(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const int off = 0;
  if (!out.fd.valid()) return CannotListen(text);
  // Connections inherit TCP_NODELAY. SO_REUSEPORT is not set: a second bitsd on the same port is an
  // error, not a partner.
  setsockopt(out.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(out.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (family == AF_INET6) {
    setsockopt(out.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  const auto* where = reinterpret_cast<const sockaddr*>(&address->storage);
  if (bind(out.fd.get(), where, address->size) != 0) return CannotListen(text);
  if (listen(out.fd.get(), kBacklog) != 0) return CannotListen(text);
  out.bound.size = sizeof(out.bound.storage);
  if (getsockname(out.fd.get(), reinterpret_cast<sockaddr*>(&out.bound.storage), &out.bound.size) !=
      0) {
    return CannotListen(text);
  }
  out.port = PortOf(out.bound);
  return out;
}

}  // namespace bitsd::rpc
