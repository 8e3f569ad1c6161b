#include "server/policy/connection_settings.h"

#include <algorithm>

#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

constexpr uint32_t kKnownFlags = kSslCrlCheck | kSslIgnoreName | kSslIgnoreDate |
                                 kSslIgnoreUnknownCa | kSslIgnoreUsage | kRedirectPolicyMask |
                                 kRedirectAllowHttpsToHttp;

/// Hosts and ports are ASCII: a name in another script is written as it is sent.
bool IsOneLine(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" ;") == std::string_view::npos;
}

absl::Status CheckLists(std::string_view list, std::string_view bypass) {
  if (list.size() > kMaxProxyList) {
    return error::ProxyListTooLarge("a proxy list has at most 4,000 characters");
  }
  if (bypass.size() > kMaxProxyList) {
    return error::ProxyBypassListTooLarge("a bypass list has at most 4,000 characters");
  }
  if (IsOneLine(list) && IsOneLine(bypass)) return absl::OkStatus();
  return error::InvalidArgument("proxy list and bypass list are one line of visible ASCII each");
}

}  // namespace

absl::Status CheckProxySettings(ProxyUsage usage, std::string_view list, std::string_view bypass) {
  switch (usage) {
    case ProxyUsage::kPreconfig:
    case ProxyUsage::kNoProxy:
      if (list.empty() && bypass.empty()) return absl::OkStatus();
      return error::InvalidArgument(
          "proxy list and bypass list are for OVERRIDE: leave them empty");
    case ProxyUsage::kOverride:
      if (!IsBlank(list)) return CheckLists(list, bypass);
      return error::InvalidArgument("OVERRIDE needs a list of proxies");
    case ProxyUsage::kAutodetect:
      return error::NotImplemented(
          "AUTODETECT is not built: it runs a script that the network chooses. Use OVERRIDE, or "
          "PRECONFIG with the service's proxy");
  }
  return error::NotImplemented("usage is none that exists: PRECONFIG, NO_PROXY or OVERRIDE");
}

absl::Status CheckSecurityFlags(uint32_t flags) {
  const uint32_t redirects = flags & kRedirectPolicyMask;
  const bool known_policy = redirects == kRedirectAllowSilent ||
                            redirects == kRedirectAllowReport || redirects == kRedirectDisallow;
  if ((flags & ~kKnownFlags) == 0 && known_policy) return absl::OkStatus();
  return error::NotImplemented(
      "http_security_flags has a flag that does not exist: 0x1 to 0x10 are about certificates, "
      "0x100 or 0x200 and 0x800 about redirects");
}

}  // namespace bitsd::policy
