// Which proxy a request takes, and what may be asked for behind one.
//
// The lists are those of WinHTTP: entries apart by spaces or semicolons. A proxy is
// "[http=|https=][http://]HOST[:PORT]" (port 80 without one); the first that is for the scheme of
// the URL is taken. A bypass entry is "[http://|https://]PATTERN[:PORT]", a host with '*' for any
// characters, or "<local>", every name without a dot. What is no such list is
// BG_E_INVALID_PROXY_INFO, of the job: its calls take any text.
//
// Thread safety: values and pure functions.

#ifndef BITSD_SERVER_POLICY_PROXY_RULES_H_
#define BITSD_SERVER_POLICY_PROXY_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/policy/host_rules.h"
#include "server/policy/network_facts.h"
#include "server/policy/remote_addresses.h"
#include "server/policy/url.h"

namespace bitsd::policy {

inline constexpr size_t kMaxListText = 32'768;  ///< Characters of either list.

struct ProxyLists {
  std::string proxies;  ///< Empty: none.
  std::string bypass;

  friend bool operator==(const ProxyLists&, const ProxyLists&) = default;
};

/// A proxy, reached by plain HTTP.
struct Proxy {
  std::string host;  ///< As in a URL: lower case, IPv6 in brackets.
  uint16_t port = 0;
  bool named_by_job = false;  ///< By its owner, and not by the service's configuration.

  std::string Address() const { return host + ":" + std::to_string(port); }
  std::string Url() const { return "http://" + Address() + "/"; }
  friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// OK when ProxyFor can read both.
absl::Status CheckProxyLists(const ProxyLists& lists);

/// The proxy for `url`; nullopt: the server is connected to. kPreconfig takes the lists of the
/// `service`, kOverride those of the `job`. BG_E_INVALID_PROXY_INFO; E_NOTIMPL for kAutodetect.
absl::StatusOr<std::optional<Proxy>> ProxyFor(const Url& url, ProxyUsage usage,
                                              const ProxyLists& job, const ProxyLists& service);

/// The names that may be asked for behind a proxy. By default none: nobody here sees where the
/// proxy goes for a name.
struct NamesBehindProxies {
  bool every = false;  ///< But for those of the machine itself and of cloud metadata.
  std::vector<HostRule> rules;

  friend bool operator==(const NamesBehindProxies&, const NamesBehindProxies&) = default;
};

/// May `url` be asked for through a proxy? E_ACCESSDENIED, address_denied: a literal address that
/// CheckEndpoint denies, or a name that is not among `names`.
absl::Status CheckBehindProxy(const Url& url, const RemoteRules& addresses,
                              const NamesBehindProxies& names);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_PROXY_RULES_H_
