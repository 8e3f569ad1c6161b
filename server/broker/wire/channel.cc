#include "server/broker/wire/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

namespace bitsd {
namespace {

/// More than we accept: a packet with one too many must be seen to have it.
constexpr size_t kDescriptorRoom = kMaxDescriptors + 4;

SendResult Send(int socket, std::string_view bytes, std::span<const int> fds, int flags) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  fds = fds.first(std::min(fds.size(), kMaxDescriptors));
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | flags);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return SendResult::kSent;
  return errno == EAGAIN ? SendResult::kFull : SendResult::kPeerGone;
}

std::vector<UniqueFd> TakeDescriptors(msghdr* message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr;
       header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

std::span<const int> OneOrNone(const int& fd) { return {&fd, fd >= 0 ? size_t{1} : size_t{0}}; }

int MillisecondsUntil(Deadline deadline) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
}

}  // namespace

ChannelPair MakeChannelPair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

SendResult SendPacket(int socket, std::string_view bytes, std::span<const int> fds) {
  return Send(socket, bytes, fds, 0);
}

SendResult SendPacket(int socket, std::string_view bytes, int fd) {
  return Send(socket, bytes, OneOrNone(fd), 0);
}

SendResult TrySendPacket(int socket, std::string_view bytes, int fd) {
  return Send(socket, bytes, OneOrNone(fd), MSG_DONTWAIT);
}

ReceiveResult ReceivePacket(int socket, Packet* packet, size_t max_fds, size_t max_bytes) {
  packet->bytes.resize(max_bytes);
  packet->fds.clear();
  iovec part{packet->bytes.data(), packet->bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorRoom * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return ReceiveResult::kPeerGone;
  packet->bytes.resize(static_cast<size_t>(size));
  std::vector<UniqueFd> fds = TakeDescriptors(&message);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return ReceiveResult::kMalformed;
  if (fds.size() > max_fds) return ReceiveResult::kMalformed;
  packet->fds = std::move(fds);
  return ReceiveResult::kPacket;
}

bool WaitReadable(int fd, Deadline deadline) {
  pollfd entry{fd, POLLIN, 0};
  while (true) {
    const int ready = ::poll(&entry, 1, MillisecondsUntil(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool PeerGone(int socket) {
  pollfd entry{socket, 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

ExchangeResult Exchange(int socket, std::string_view request, Deadline deadline, Packet* reply,
                        size_t max_fds) {
  switch (TrySendPacket(socket, request)) {
    case SendResult::kPeerGone: return ExchangeResult::kNotSent;
    case SendResult::kFull: return ExchangeResult::kTimeout;
    case SendResult::kSent: break;
  }
  if (!WaitReadable(socket, deadline)) return ExchangeResult::kTimeout;
  switch (ReceivePacket(socket, reply, max_fds)) {
    case ReceiveResult::kPeerGone: return ExchangeResult::kNoReply;
    case ReceiveResult::kMalformed: return ExchangeResult::kMalformed;
    case ReceiveResult::kPacket: break;
  }
  return ExchangeResult::kReply;
}

}  // namespace bitsd
