// What UpdateJob takes for proxies and TLS.
//
// Only the form is judged here: where a list of proxies leads is judged when the job runs. Thread
// safety: pure functions.

#ifndef BITSD_SERVER_POLICY_CONNECTION_SETTINGS_H_
#define BITSD_SERVER_POLICY_CONNECTION_SETTINGS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "server/policy/network_facts.h"

namespace bitsd::policy {

inline constexpr size_t kMaxProxyList = 4000;  ///< Characters, of each of the two lists.

/// E_NOTIMPL for a usage that does not exist and for AUTODETECT; E_INVALIDARG for a list or bypass
/// list without OVERRIDE, OVERRIDE without a list, and what is no text of one line;
/// BG_E_PROXY_LIST_TOO_LARGE; BG_E_PROXY_BYPASS_LIST_TOO_LARGE.
absl::Status CheckProxySettings(ProxyUsage usage, std::string_view list, std::string_view bypass);

/// E_NOTIMPL for a bit or a redirect policy that does not exist.
absl::Status CheckSecurityFlags(uint32_t flags);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_CONNECTION_SETTINGS_H_
