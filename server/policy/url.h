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

/// BG_FILE_INFO: at most 2,200 characters. A bound on what callers say, not on what servers say.
inline constexpr size_t kMaxRemoteName = 2200;

/// Of a URL that a server redirects to: signed ones are long.
inline constexpr size_t kMaxRedirectTarget = size_t{16} << 10;

enum class Scheme { kHttp, kHttps };

struct Url {
  Scheme scheme = Scheme::kHttp;
  std::string host;  ///< Lower case, as written otherwise; without brackets.
  uint16_t port = 0;
  std::optional<Endpoint> literal;  ///< Set when the host is an address, in any spelling.
};

/// The scheme that `text` begins with, in any case; unset: another, or none.
std::optional<Scheme> SchemeOf(std::string_view text);

/// E_INVALIDARG, rule url_denied, unless `text` is an absolute http or https URL of at most
/// `max_size` visible ASCII characters, without credentials, fragment or backslash, with a host
/// and, if any, a port from 1 to 65535. A host whose last label is a number is an IPv4 address as
/// inet_aton reads it (decimal, octal, hexadecimal, short) or refused; brackets hold IPv6 without a
/// zone. The message says what is wrong and what to write instead, and repeats nothing of the URL.
absl::StatusOr<Url> ParseUrl(std::string_view text, size_t max_size = kMaxRemoteName);

/// A URL on the way that redirects led: as long as they may be, and without the fragment that a
/// Location may carry for the reader of a page.
absl::StatusOr<Url> ParseHop(std::string_view text);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_URL_H_
