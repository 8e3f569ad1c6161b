// The socket that bitsd listens on.
//
// Thread safety: pure but for the socket it makes. Ownership: the caller's.

#ifndef BITSD_SERVER_RPC_DOOR_LISTEN_SOCKET_H_
#define BITSD_SERVER_RPC_DOOR_LISTEN_SOCKET_H_

#include <sys/socket.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"

namespace bitsd::rpc {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// "127.0.0.1:7443" or "[::1]:7443"; nothing for another text.
std::optional<SocketAddress> ParseSocketAddress(const std::string& text);

struct ListenSocket {
  UniqueFd fd;  ///< Does not block.
  int port = 0;
  SocketAddress bound;
};

/// Listens on `text`; port 0 takes a free one. "[::]" is every address of IPv4, too. E_INVALIDARG
/// when it is not possible.
absl::StatusOr<ListenSocket> Listen(const std::string& text);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_LISTEN_SOCKET_H_
