// What SetCredentials and SetClientCertificate take, and from whom.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_CREDENTIAL_RULES_H_
#define BITSD_SERVER_POLICY_CREDENTIAL_RULES_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "server/identity/access_token.h"
#include "server/identity/sid.h"
#include "server/policy/network_facts.h"

namespace bitsd::policy {

inline constexpr size_t kMaxUserName = 300;                 ///< Characters (code points).
inline constexpr size_t kMaxPassword = 65535;               ///< Characters (code points).
inline constexpr size_t kMaxDelegated = size_t{64} * 1024;  ///< Bytes of a credential cache.

/// Credentials and client certificate of a job are its owner's alone. E_ACCESSDENIED, owner_only,
/// for everybody else, an administrator included. Who may open the job was judged before.
absl::Status MaySetCredentials(const Sid& caller, const Sid& owner);

/// Adding files, and changing proxies or security flags, leads what a job shows elsewhere. With its
/// owner's own secrets (explicit credentials, client certificate) that is the owner's alone:
/// owner_only.
absl::Status MaySteer(const Sid& caller, const Sid& owner, bool has_own_credentials);

/// Who sees where the files of the client certificate are: whoever may set them.
bool MaySeeClientCertificate(const Sid& caller, const Sid& owner);

/// Is there such a pair? BG_E_INVALID_AUTH_TARGET; BG_E_INVALID_AUTH_SCHEME.
absl::Status CheckCredentialKind(AuthTarget target, AuthScheme scheme);

/// Can this be a credential? With neither user nor password it is implicit. Also
/// BG_E_USERNAME_TOO_LARGE, BG_E_PASSWORD_TOO_LARGE; E_INVALIDARG; E_NOTIMPL for PASSPORT and for
/// NEGOTIATE with user and password.
absl::Status CheckCredential(AuthTarget target, AuthScheme scheme, std::string_view user,
                             std::string_view password);

/// E_INVALIDARG unless both are local names (CheckLocalName).
absl::Status CheckClientCertificate(std::string_view certificate, std::string_view key);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_CREDENTIAL_RULES_H_
