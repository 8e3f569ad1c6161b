// What a job's HTTP security flags mean. Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_HTTP_FLAGS_H_
#define BITSD_SERVER_POLICY_HTTP_FLAGS_H_

#include <cstdint>

#include "server/policy/network_facts.h"

namespace bitsd::policy {

/// Somebody in between could pass for the server.
constexpr bool WeakensTls(uint32_t flags) {
  return (flags & (kSslIgnoreName | kSslIgnoreDate | kSslIgnoreUnknownCa | kSslIgnoreUsage)) != 0;
}

/// Silently or reported alike: where redirects led is always shown. A value that has no meaning
/// follows none.
constexpr bool FollowsRedirects(uint32_t flags) {
  const uint32_t rule = flags & kRedirectPolicyMask;
  return rule == kRedirectAllowSilent || rule == kRedirectAllowReport;
}

constexpr bool AllowsHttpsToHttp(uint32_t flags) {
  return (flags & kRedirectAllowHttpsToHttp) != 0;
}

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_HTTP_FLAGS_H_
