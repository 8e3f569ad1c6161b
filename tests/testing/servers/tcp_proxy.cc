#include "tests/testing/servers/tcp_proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace bitsd::tests {
namespace {

constexpr int kTick = 10;  // Milliseconds until a changed mode is noticed.

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// What is readable on `from` now; false at its end.
bool Copy(int from, int to) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN;
  return got > 0 && ::send(to, buffer.data(), static_cast<size_t>(got), MSG_NOSIGNAL) == got;
}

}  // namespace

TcpProxy::TcpProxy(uint16_t target) : target_(target) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener_, 16);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TcpProxy::~TcpProxy() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

std::string TcpProxy::address() const { return "127.0.0.1:" + std::to_string(port_); }

void TcpProxy::Run() {
  while (!stop_) {
    std::vector<pollfd> wanted{{listener_, POLLIN, 0}};
    for (const Link& link : links_) {
      if (link.silent) continue;
      wanted.push_back({link.client, POLLIN, 0});
      wanted.push_back({link.server, POLLIN, 0});
    }
    ::poll(wanted.data(), wanted.size(), kTick);
    if ((wanted[0].revents & POLLIN) != 0) Accept();
    if (silence_.exchange(false)) {
      for (Link& link : links_) link.silent = true;
    }
    links_.remove_if([this](const Link& link) {
      const bool over = mode_ == Mode::kCut || (!link.silent && !Forward(link));
      if (over) Close(link);
      return over;
    });
  }
  for (const Link& link : links_) Close(link);
}

void TcpProxy::Accept() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (mode_ == Mode::kHold) {
    links_.push_back({client, server, /*silent=*/true});
    ++accepted_;
    return;
  }
  const sockaddr_in address = Loopback(target_);
  const bool reached =
      mode_ != Mode::kCut &&
      ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (!reached) {
    ++refused_;
    return Close({client, server, /*silent=*/false});
  }
  links_.push_back({client, server, /*silent=*/false});
  ++accepted_;
}

bool TcpProxy::Forward(const Link& link) {
  return Copy(link.client, link.server) && Copy(link.server, link.client);
}

void TcpProxy::Close(const Link& link) {
  ::close(link.client);
  ::close(link.server);
}

}  // namespace bitsd::tests
