// The address of a connection's other end, as a key: "127.0.0.1:4711", "2001:db8::1:4711".
//
// The same key comes from a socket and from the text by which gRPC names a peer. Thread safety:
// pure functions.

#ifndef BITSD_SERVER_RPC_DOOR_PEER_ADDRESS_H_
#define BITSD_SERVER_RPC_DOOR_PEER_ADDRESS_H_

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace bitsd::rpc {

struct PeerAddress {
  std::string connection;  ///< Address and port; empty for a family other than IPv4 and IPv6.
  /// Whose connections are counted together: an IPv4 address, or the /64 network of an IPv6 one,
  /// for whoever has one address of it has all.
  std::string place;
};

PeerAddress PeerAddressOf(const sockaddr_storage& address);

/// The `connection` of gRPC's "ipv4:127.0.0.1:4711" or "ipv6:%5B2001:db8::1%5D:4711".
std::string ConnectionOf(std::string_view peer);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_PEER_ADDRESS_H_
