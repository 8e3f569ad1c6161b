// Which addresses a transfer may reach.
//
// Denied by default: loopback, link-local, unspecified, multicast, reserved and broadcast, cloud
// metadata, and all of these embedded into IPv6 (v4-mapped, v4-compatible, v4-translated, NAT64,
// 6to4); and bitsd's own listeners even when allowed. Thread safety: pure functions; Endpoint and
// RemoteRules are values.

#ifndef BITSD_SERVER_POLICY_REMOTE_ADDRESSES_H_
#define BITSD_SERVER_POLICY_REMOTE_ADDRESSES_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitsd::policy {

/// An address and a port (0: every port). IPv4 is kept as the mapped IPv6 address.
struct Endpoint {
  uint8_t address[16] = {};
  uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

Endpoint EndpointOf(const in_addr& address, uint16_t port);
Endpoint EndpointOf(const in6_addr& address, uint16_t port);

/// "127.0.0.1:8080" or "[::1]:8080" or without port; E_INVALIDARG otherwise.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

/// 0 to 65535 in decimal, without leading zeros.
std::optional<uint16_t> ParsePort(std::string_view text);

struct RemoteRules {
  /// Exceptions from the denied addresses: exactly these, not other addresses that embed them.
  std::vector<Endpoint> allowed;
  /// Never reached, whatever `allowed` says. A wildcard (0.0.0.0 or ::) stands for every address of
  /// this machine.
  std::vector<Endpoint> own_listeners;
  /// Whether this machine has the address; asked where one of own_listeners is a wildcard, and only
  /// for its port. Null: loopback addresses alone are taken for its own.
  bool (*is_local)(const Endpoint& endpoint) = nullptr;
};

/// E_ACCESSDENIED, rule address_denied, unless a transfer may connect to `endpoint`.
absl::Status CheckEndpoint(const Endpoint& endpoint, const RemoteRules& rules);

/// CheckEndpoint for the address that is really connected to, after name resolution. A family other
/// than IPv4 and IPv6, or one cut short, is denied.
absl::Status CheckAddress(const sockaddr* address, socklen_t length, const RemoteRules& rules);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_REMOTE_ADDRESSES_H_
