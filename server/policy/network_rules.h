// What the service's configuration says of the network. Thread safety: a value.

#ifndef BITSD_SERVER_POLICY_NETWORK_RULES_H_
#define BITSD_SERVER_POLICY_NETWORK_RULES_H_

#include <string>
#include <vector>

#include "server/policy/host_rules.h"
#include "server/policy/proxy_rules.h"

namespace bitsd::policy {

struct NetworkRules {
  ProxyLists proxy;  ///< Of jobs that name none of their own.
  NamesBehindProxies behind_proxies;
  std::vector<HostRule> implicit_hosts;  ///< These get implicit credentials, and no others do.
  std::vector<HostRule> implicit_proxies;
  std::string ca_file;            ///< PEM file of trust roots; empty: those of the system.
  std::vector<std::string> crls;  ///< PEM files of revocation lists.

  friend bool operator==(const NetworkRules&, const NetworkRules&) = default;
};

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_NETWORK_RULES_H_
