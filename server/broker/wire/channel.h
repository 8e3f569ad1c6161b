// Packets with descriptors over an inherited SOCK_SEQPACKET pair.
//
// The peer may be hostile: a packet that is too long, or carries more descriptors than its reader
// takes, is malformed, and whatever descriptors came with it are closed. Thread safety: pure
// functions; one reader and one writer per socket. Ownership: received descriptors belong to their
// Packet.

#ifndef BITSD_SERVER_BROKER_WIRE_CHANNEL_H_
#define BITSD_SERVER_BROKER_WIRE_CHANNEL_H_

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/unique_fd.h"

namespace bitsd {

inline constexpr size_t kMaxPacket = 20'480;
/// Descriptors of one packet.
inline constexpr size_t kMaxDescriptors = 32;

using Deadline = std::chrono::steady_clock::time_point;

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;

  /// The first descriptor; invalid when there is none.
  UniqueFd TakeFirst() { return fds.empty() ? UniqueFd() : std::move(fds.front()); }
};

struct ChannelPair {
  UniqueFd first;
  UniqueFd second;
};

/// Two connected ends, close-on-exec; invalid when the kernel has no descriptors left.
ChannelPair MakeChannelPair();

enum class SendResult { kSent, kFull, kPeerGone };

/// Sends one packet, with copies of at most kMaxDescriptors descriptors. Blocks while the peer's
/// queue is full.
SendResult SendPacket(int socket, std::string_view bytes, std::span<const int> fds);

/// With a copy of `fd` unless it is -1.
SendResult SendPacket(int socket, std::string_view bytes, int fd = -1);

/// As SendPacket, but answers kFull instead of blocking.
SendResult TrySendPacket(int socket, std::string_view bytes, int fd = -1);

enum class ReceiveResult { kPacket, kMalformed, kPeerGone };

/// Blocks until a packet arrives or the peer is gone. Takes at most `max_fds` descriptors and
/// `max_bytes` bytes.
ReceiveResult ReceivePacket(int socket, Packet* packet, size_t max_fds = 1,
                            size_t max_bytes = kMaxPacket);

/// True when `fd` is readable, or its peer gone, before `deadline`.
bool WaitReadable(int fd, Deadline deadline);

/// True when the peer of `socket` is gone.
bool PeerGone(int socket);

enum class ExchangeResult { kReply, kNotSent, kNoReply, kTimeout, kMalformed };

/// Sends `request` and receives its reply with at most `max_fds` descriptors. kNotSent: the peer
/// was gone before it could read the request. kNoReply: it went away afterwards.
ExchangeResult Exchange(int socket, std::string_view request, Deadline deadline, Packet* reply,
                        size_t max_fds = 1);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WIRE_CHANNEL_H_
