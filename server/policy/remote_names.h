// What remote names a job may have, and where redirects may lead.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_REMOTE_NAMES_H_
#define BITSD_SERVER_POLICY_REMOTE_NAMES_H_

#include <string_view>

#include "absl/status/status.h"
#include "server/policy/remote_addresses.h"
#include "server/policy/url.h"

namespace bitsd::policy {

inline constexpr int kMaxRedirects = 10;

/// E_INVALIDARG, url_denied, unless ParseUrl takes `url`. E_ACCESSDENIED, address_denied, when its
/// host is a literal denied address in any spelling. A host that is a name ("localhost" too) is
/// judged by the address that is connected to: CheckAddress.
absl::Status CheckRemoteName(std::string_view url, const RemoteRules& rules);

/// May `from` lead to `to`, absolute URLs both, as ParseHop takes them? E_ACCESSDENIED:
/// redirect_denied when it is the `count`th redirect (from 1) and over kMaxRedirects, when it leads
/// from https to http (but with `https_to_http`), or to a URL that ParseHop does not take;
/// address_denied as there.
absl::Status CheckRedirect(std::string_view from, std::string_view to, int count,
                           const RemoteRules& rules, bool https_to_http = false);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_REMOTE_NAMES_H_
