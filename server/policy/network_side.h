// Who a job is on the network: the owner or the helper, with which credentials.
//
// The table of docs/semantics.md, "Which identity opens what". Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_NETWORK_SIDE_H_
#define BITSD_SERVER_POLICY_NETWORK_SIDE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/identity/account_directory.h"
#include "server/identity/network_credentials.h"
#include "server/identity/sid.h"

namespace bitsd::policy {

/// What the owner's side shows: the account's full credentials on an elevated job, the filtered
/// ones on any other job of an administrator's account, the plain ones otherwise. Nobody may be
/// shown for an account that does not stand (OwnerStanding): empty.
NetworkCredentials OwnerNetwork(const Account* account, bool elevated);

/// May `lender` delegate credentials at all? E_INVALIDARG below level delegate, and for a cache
/// that is empty or too large.
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
