#include "server/policy/remote_addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

using Bytes = std::array<uint8_t, 16>;

/// An IPv6 prefix. Those of IPv4 are kept mapped, like the addresses: 96 bits more.
struct Prefix {
  Bytes bytes;
  int bits;
};

constexpr Prefix V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, int bits) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}, 96 + bits};
}

constexpr Prefix V6(std::array<uint16_t, 8> groups, int bits) {
  Prefix prefix{{}, bits};
  for (size_t i = 0; i < groups.size(); ++i) {
    prefix.bytes[2 * i] = static_cast<uint8_t>(groups[i] >> 8);
    prefix.bytes[2 * i + 1] = static_cast<uint8_t>(groups[i] & 0xFF);
  }
  return prefix;
}

struct DeniedRow {
  Prefix prefix;
  const char* what;
};

constexpr DeniedRow kDenied[] = {
    {V4(0, 0, 0, 0, 8), "unspecified"},
    {V4(127, 0, 0, 0, 8), "loopback"},
    {V4(169, 254, 0, 0, 16), "link-local, and where clouds serve metadata"},
    {V4(224, 0, 0, 0, 4), "multicast"},
    {V4(240, 0, 0, 0, 4), "reserved or broadcast"},
    {V4(100, 100, 100, 200, 32), "cloud metadata"},  // Alibaba
    {V4(168, 63, 129, 16, 32), "cloud metadata"},    // Azure
    {V4(192, 0, 0, 192, 32), "cloud metadata"},      // Oracle
    {V6({}, 128), "unspecified"},
    {V6({0, 0, 0, 0, 0, 0, 0, 1}, 128), "loopback"},
    {V6({0xFE80}, 10), "link-local"},
    {V6({0xFF00}, 8), "multicast"},
    {V6({0xFD00, 0x0EC2}, 32), "cloud metadata"},                             // AWS: ::254, ::23
    {V6({0xFD00, 0xC1, 0, 0, 0, 0, 0xA9FE, 0xA9FE}, 128), "cloud metadata"},  // Oracle
    {V6({0xFD20, 0xCE, 0, 0, 0, 0, 0, 0x254}, 128), "cloud metadata"},        // Google
    {V6({0xFD00, 0x42, 0, 0, 0, 0, 0, 0x42}, 128), "cloud metadata"},         // Scaleway
};

/// Where an IPv6 address carries an IPv4 address that it may lead to.
struct EmbeddingRow {
  Prefix prefix;
  std::array<size_t, 4> octets;  ///< Where the four octets are.
};

constexpr EmbeddingRow kEmbeddings[] = {
    {V6({}, 96), {12, 13, 14, 15}},                    // v4-compatible
    {V6({0, 0, 0, 0, 0xFFFF}, 96), {12, 13, 14, 15}},  // v4-translated, RFC 2765
    {V6({0x64, 0xFF9B}, 96), {12, 13, 14, 15}},        // NAT64, RFC 6052
    // NAT64 of a site, RFC 8215: it chooses the length of its prefix, RFC 6052 2.2.
    {V6({0x64, 0xFF9B, 0x0001}, 48), {6, 7, 9, 10}},
    {V6({0x64, 0xFF9B, 0x0001}, 48), {7, 9, 10, 11}},
    {V6({0x64, 0xFF9B, 0x0001}, 48), {9, 10, 11, 12}},
    {V6({0x64, 0xFF9B, 0x0001}, 48), {12, 13, 14, 15}},
    {V6({0x2002}, 16), {2, 3, 4, 5}},  // 6to4, RFC 3056
};

bool Matches(const uint8_t* address, const Prefix& prefix) {
  const int whole = prefix.bits / 8;
  if (std::memcmp(address, prefix.bytes.data(), static_cast<size_t>(whole)) != 0) return false;
  const int rest = prefix.bits % 8;
  if (rest == 0) return true;
  const int mask = 0xFF << (8 - rest);
  return ((address[whole] ^ prefix.bytes[static_cast<size_t>(whole)]) & mask) == 0;
}

/// Whether the octets of `row` are but a gap of an address that is embedded elsewhere: read at
/// every length, each address of a site's NAT64 has zeros somewhere, which would be "unspecified".
bool IsGap(const Endpoint& endpoint, const EmbeddingRow& row) {
  constexpr int kSitePrefix = 48;
  if (row.prefix.bits != kSitePrefix || endpoint.address[row.octets[0]] != 0) return false;
  // In front of the longest form there may be bits of the site.
  const size_t first = row.octets[0] == 12 ? 9 : 6;
  for (size_t i = first; i < sizeof(endpoint.address); ++i) {
    const bool own = std::find(row.octets.begin(), row.octets.end(), i) != row.octets.end();
    if (!own && endpoint.address[i] != 0) return true;
  }
  return false;
}

/// `endpoint` and every IPv4 endpoint that it embeds.
std::vector<Endpoint> Readings(const Endpoint& endpoint) {
  std::vector<Endpoint> readings = {endpoint};
  for (const EmbeddingRow& row : kEmbeddings) {
    if (!Matches(endpoint.address, row.prefix) || IsGap(endpoint, row)) continue;
    uint8_t octets[4];
    for (size_t i = 0; i < 4; ++i) octets[i] = endpoint.address[row.octets[i]];
    in_addr embedded;
    std::memcpy(&embedded, octets, sizeof(embedded));
    readings.push_back(EndpointOf(embedded, endpoint.port));
  }
  return readings;
}

bool IsWildcard(const Endpoint& endpoint) {
  return Matches(endpoint.address, V4(0, 0, 0, 0, 8)) || Matches(endpoint.address, V6({}, 128));
}

bool IsLoopback(const Endpoint& endpoint) {
  return Matches(endpoint.address, V4(127, 0, 0, 0, 8)) ||
         Matches(endpoint.address, V6({0, 0, 0, 0, 0, 0, 0, 1}, 128));
}

bool SamePort(uint16_t port, uint16_t of_rule) { return of_rule == 0 || port == of_rule; }

bool SameAddress(const Endpoint& a, const Endpoint& b) {
  return std::memcmp(a.address, b.address, sizeof(a.address)) == 0;
}

/// Does a connection to `target` end at `listener`? A wildcard on either side means this host.
bool Reaches(const Endpoint& target, const Endpoint& listener, const RemoteRules& rules) {
  if (!SamePort(target.port, listener.port)) return false;
  if (SameAddress(target, listener)) return true;
  if (IsWildcard(target)) return IsWildcard(listener) || IsLoopback(listener);
  if (!IsWildcard(listener)) return false;
  return IsLoopback(target) || (rules.is_local != nullptr && rules.is_local(target));
}

const char* WhyDenied(const Endpoint& endpoint) {
  for (const DeniedRow& row : kDenied) {
    if (Matches(endpoint.address, row.prefix)) return row.what;
  }
  return nullptr;
}

std::string AddressText(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool v4 = Matches(endpoint.address, V4(0, 0, 0, 0, 0));
  inet_ntop(v4 ? AF_INET : AF_INET6, endpoint.address + (v4 ? 12 : 0), text, sizeof(text));
  return text;
}

absl::Status Denied(const Endpoint& endpoint, const char* what, const char* advice) {
  return error::AccessDenied(
      Rule::kAddressDenied, absl::StrCat("address ", AddressText(endpoint), " port ", endpoint.port,
                                         " is denied (", what, ")", advice));
}

std::optional<Endpoint> ParseAddress(std::string_view text) {
  in_addr v4;
  if (inet_pton(AF_INET, std::string(text).c_str(), &v4) == 1) return EndpointOf(v4, 0);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  in6_addr v6;
  const std::string inner(text.substr(1, text.size() - 2));
  if (inet_pton(AF_INET6, inner.c_str(), &v6) == 1) return EndpointOf(v6, 0);
  return std::nullopt;
}

}  // namespace

Endpoint EndpointOf(const in_addr& address, uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  endpoint.address[10] = endpoint.address[11] = 0xFF;
  std::memcpy(endpoint.address + 12, &address, sizeof(address));
  return endpoint;
}

Endpoint EndpointOf(const in6_addr& address, uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  std::memcpy(endpoint.address, &address, sizeof(address));
  return endpoint;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint32_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value > 65535) return std::nullopt;
  return static_cast<uint16_t>(value);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.ends_with(']') ? std::string_view::npos : text.rfind(':');
  std::optional<Endpoint> endpoint;
  // An embedded NUL would hide the rest of the text from inet_pton.
  if (text.find('\0') == std::string_view::npos) endpoint = ParseAddress(text.substr(0, colon));
  std::optional<uint16_t> port = 0;
  if (colon != std::string_view::npos) port = ParsePort(text.substr(colon + 1));
  if (!endpoint || !port) {
    return error::InvalidArgument(
        "malformed address: write 127.0.0.1, 127.0.0.1:8080, [::1] or [::1]:8080");
  }
  endpoint->port = *port;
  return *endpoint;
}

absl::Status CheckEndpoint(const Endpoint& endpoint, const RemoteRules& rules) {
  const std::vector<Endpoint> readings = Readings(endpoint);
  for (const Endpoint& reading : readings) {
    for (const Endpoint& listener : rules.own_listeners) {
      if (Reaches(reading, listener, rules))
        return Denied(endpoint, "bitsd itself listens there", "");
    }
  }
  for (const Endpoint& allowed : rules.allowed) {
    if (SameAddress(endpoint, allowed) && SamePort(endpoint.port, allowed.port)) {
      return absl::OkStatus();
    }
  }
  for (const Endpoint& reading : readings) {
    if (const char* what = WhyDenied(reading)) {
      return Denied(endpoint, what, ": the service's operator can list it in allowed_addresses");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAddress(const sockaddr* address, socklen_t length, const RemoteRules& rules) {
  if (address != nullptr && length >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    return CheckEndpoint(EndpointOf(v4.sin_addr, ntohs(v4.sin_port)), rules);
  }
  if (address != nullptr && length >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof(v6));
    return CheckEndpoint(EndpointOf(v6.sin6_addr, ntohs(v6.sin6_port)), rules);
  }
  return error::AccessDenied(Rule::kAddressDenied, "only IPv4 and IPv6 addresses can be reached");
}

}  // namespace bitsd::policy
