// Patterns of hosts, as lenders and the service's configuration write them.
//
// A host is a name or an address, with or without a port: names are compared without case,
// addresses by value in whatever spelling. "*.example.com" is every name below example.com, and not
// itself. What a name resolves to is not looked at: who answers for the name answers for the host.
//
// Thread safety: values and pure functions.

#ifndef BITSD_SERVER_POLICY_HOST_RULES_H_
#define BITSD_SERVER_POLICY_HOST_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/policy/remote_addresses.h"
#include "server/policy/url.h"

namespace bitsd::policy {

struct HostRule {
  std::string text;  ///< As it was written.
  std::string name;  ///< Lower case, without the dot at its end; unused for an address.
  bool below = false;
  std::optional<Endpoint> address;  ///< Its port is 0.
  uint16_t port = 0;                ///< 0: every port.

  friend bool operator==(const HostRule&, const HostRule&) = default;
};

/// E_INVALIDARG, naming `field`, when `text` is no such pattern.
absl::StatusOr<HostRule> ParseHostRule(std::string_view field, const std::string& text);

/// One of `rules` holds the host and port of `url`.
bool Covered(const std::vector<HostRule>& rules, const Url& url);

/// The host of `url` without the dot that may be at its end: for comparison.
std::string HostNameOf(const Url& url);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_HOST_RULES_H_
