// The remote names bitsd takes: absolute http and https URLs, parsed strictly.
//
// Everything that two parsers could read in two ways is refused, so that what policy judges is what
// the HTTP library connects to. Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_URL_H_
#define BITSD_SERVER_POLICY_URL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/policy/remote_addresses.h"

namespace bitsd::policy {

/// BG_FILE_INFO: at most 2,200 characters.
inline constexpr size_t kMaxRemoteName = 2200;

struct Url {
  bool https = false;
  std::string host;  ///< Lower case, as written otherwise; without brackets.
  uint16_t port = 0;
  std::optional<Endpoint> literal;  ///< Set when the host is an address, in any spelling.
};

/// E_INVALIDARG, rule url_denied, unless `text` is an absolute http or https URL of at most 2,200
/// visible ASCII characters, without credentials, fragment or backslash, with a host and, if any, a
/// port from 1 to 65535. A host whose last label is a number is an IPv4 address as inet_aton reads
/// it (decimal, octal, hexadecimal, short) or refused; brackets hold IPv6 without a zone.
absl::StatusOr<Url> ParseUrl(std::string_view text);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_URL_H_
