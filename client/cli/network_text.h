// The network side of a job in words, and what people write for it.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_NETWORK_TEXT_H_
#define BITSD_CLIENT_CLI_NETWORK_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bits/v1/network.pb.h"

namespace bits::cli {

inline constexpr std::string_view kAuthTargets[] = {"SERVER", "PROXY"};
inline constexpr std::string_view kAuthSchemes[] = {"BASIC", "DIGEST", "NTLM", "NEGOTIATE"};
inline constexpr std::string_view kProxyUsages[] = {"PRECONFIG", "NO_PROXY", "OVERRIDE"};

/// In any case. A usage error says what there is.
absl::StatusOr<v1::AuthTarget> ParseTarget(const std::string& text);
absl::StatusOr<v1::AuthScheme> ParseScheme(const std::string& text);
absl::StatusOr<v1::ProxyUsage> ParseProxyUsage(const std::string& text);

std::string ProxyUsageName(v1::ProxyUsage usage);
/// "OVERRIDE proxy.example:3128, but not for *.example".
std::string ProxyText(const v1::ProxySettings& settings);
/// "SERVER NTLM, implicit (...)".
std::string CredentialText(const v1::JobCredential& credential);
/// "0x9 CRL_CHECK IGNORE_UNKNOWN_CA".
std::string SecurityFlagNames(uint32_t flags);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_NETWORK_TEXT_H_
