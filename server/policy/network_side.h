// What a helper may be on the network: whose credentials it may delegate, and what goes with it.
//
// Whose side the network is, and what the owner shows: openers.h. Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_NETWORK_SIDE_H_
#define BITSD_SERVER_POLICY_NETWORK_SIDE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/identity/access_token.h"
#include "server/identity/network_credentials.h"
#include "server/identity/sid.h"

namespace bitsd::policy {

/// May `lender` delegate credentials at all? E_INVALIDARG below level delegate, and for a cache
/// that is empty or too large; foreign_principal when the directory lists no principal for it.
absl::Status MayDelegate(const AccessToken& lender, size_t size);

/// May `lender` be `principal`, whose credentials it sent? The listed principal; E_ACCESSDENIED,
/// foreign_principal. A filtered token has what its `filtered:` entry lists.
absl::StatusOr<DelegatedPrincipal> CheckDelegatedPrincipal(const AccessToken& lender,
                                                           std::string_view principal);

/// A client certificate is the owner's, a network helper another: only LocalSystem's jobs may have
/// both. 0x80072F9A, whether or not there is a token.
absl::Status CheckCertificateConflict(bool has_certificate, const Sid& owner, uint32_t token_flags);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_NETWORK_SIDE_H_
