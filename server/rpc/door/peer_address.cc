#include "server/rpc/door/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace bitsd::rpc {
namespace {

PeerAddress OfV4(const in_addr& address, in_port_t port) {
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, text, sizeof(text));
  return {absl::StrCat(text, ":", ntohs(port)), text};
}

PeerAddress OfV6(const in6_addr& address, in_port_t port) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr v4;
    std::memcpy(&v4, address.s6_addr + 12, sizeof(v4));
    return OfV4(v4, port);
  }
  in6_addr network = address;
  std::memset(network.s6_addr + 8, 0, 8);
  char text[INET6_ADDRSTRLEN] = {};
  char place[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &address, text, sizeof(text));
  inet_ntop(AF_INET6, &network, place, sizeof(place));
  return {absl::StrCat(text, ":", ntohs(port)), absl::StrCat(place, "/64")};
}

}  // namespace

PeerAddress PeerAddressOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    return OfV4(v4.sin_addr, v4.sin_port);
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    return OfV6(v6.sin6_addr, v6.sin6_port);
  }
  return {};
}

std::string ConnectionOf(std::string_view peer) {
  constexpr size_t kScheme = 5;
  if (peer.starts_with("ipv4:")) return std::string(peer.substr(kScheme));
  if (!peer.starts_with("ipv6:")) return "";
  std::string text(peer.substr(kScheme));
  absl::StrReplaceAll({{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}, {"%25", "%"}}, &text);
  // A link-local address may carry the name of its interface.
  const size_t zone = text.find('%');
  const size_t port = text.rfind(':');
  if (zone < port && port != std::string::npos) text.erase(zone, port - zone);
  return text;
}

}  // namespace bitsd::rpc
