// What tests of the door share: limits, callers, and connections over loopback.
//
// Thread safety: pure functions. Ownership: a pair owns its descriptors.

#ifndef BITSD_TESTS_INTEGRATION_RPC_DOOR_DOOR_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_RPC_DOOR_DOOR_FIXTURE_H_

#include <fcntl.h>
#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"
#include "server/base/unique_fd.h"
#include "server/identity/sid.h"
#include "server/rpc/door/door_limits.h"
#include "server/rpc/door/listen_socket.h"
#include "server/rpc/door/peer_address.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {

inline const Sid kAlice{5, {21, 1, 2, 3, 1001}};
inline const Sid kBob{5, {21, 1, 2, 3, 1002}};

inline PeerAddress Peer(const std::string& place, int port) {
  return {place + ":" + std::to_string(port), place};
}

/// Both ends of a connection over loopback.
struct Pair {
  UniqueFd far;
  UniqueFd near;

  /// The far end was closed by us.
  bool Ended() const {
    char byte = 0;
    return recv(far.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  UniqueFd Second() const { return UniqueFd(fcntl(near.get(), F_DUPFD_CLOEXEC, 0)); }
};

inline UniqueFd ConnectTo(const SocketAddress& address) {
  UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (!fd.valid() || connect(fd.get(), where, address.size) != 0) fd.Reset();
  return fd;
}

inline Pair MakePair() {
  const auto listener = Listen("127.0.0.1:0");
  EXPECT_TRUE(listener.ok());
  Pair pair;
  pair.far = ConnectTo(listener->bound);
  tests::WaitFor([&] {
    pair.near.Reset(accept4(listener->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return pair.near.valid();
  });
  EXPECT_TRUE(pair.far.valid() && pair.near.valid());
  return pair;
}

inline DoorLimits Limits(size_t connections, size_t per_address, size_t per_identity) {
  DoorLimits limits;
  limits.connections = connections;
  limits.per_address = per_address;
  limits.per_identity = per_identity;
  return limits;
}

}  // namespace bitsd::rpc

#endif  // BITSD_TESTS_INTEGRATION_RPC_DOOR_DOOR_FIXTURE_H_
