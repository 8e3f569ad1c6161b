// The words policy judges the network side of a job by, with BITS' values.
//
// Thread safety: constants.

#ifndef BITSD_SERVER_POLICY_NETWORK_FACTS_H_
#define BITSD_SERVER_POLICY_NETWORK_FACTS_H_

#include <cstdint>

namespace bitsd {

/// BG_JOB_PROXY_USAGE.
enum class ProxyUsage { kPreconfig = 0, kNoProxy = 1, kOverride = 2, kAutodetect = 3 };

/// BG_AUTH_TARGET.
enum class AuthTarget { kServer = 1, kProxy = 2 };

/// BG_AUTH_SCHEME.
enum class AuthScheme { kBasic = 1, kDigest = 2, kNtlm = 3, kNegotiate = 4, kPassport = 5 };

/// The HTTP security flags of BITS (BG_SSL_..., BG_HTTP_REDIRECT_POLICY_...).
inline constexpr uint32_t kSslCrlCheck = 0x1;
inline constexpr uint32_t kSslIgnoreName = 0x2;
inline constexpr uint32_t kSslIgnoreDate = 0x4;
inline constexpr uint32_t kSslIgnoreUnknownCa = 0x8;
inline constexpr uint32_t kSslIgnoreUsage = 0x10;
inline constexpr uint32_t kRedirectPolicyMask = 0x700;
inline constexpr uint32_t kRedirectAllowSilent = 0x000;
inline constexpr uint32_t kRedirectAllowReport = 0x100;
inline constexpr uint32_t kRedirectDisallow = 0x200;
inline constexpr uint32_t kRedirectAllowHttpsToHttp = 0x800;

}  // namespace bitsd

#endif  // BITSD_SERVER_POLICY_NETWORK_FACTS_H_
