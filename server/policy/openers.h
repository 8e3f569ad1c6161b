// Which identity opens which resource of a job.
//
// The table of docs/semantics.md, "Which identity opens what". Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_OPENERS_H_
#define BITSD_SERVER_POLICY_OPENERS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/identity/access_token.h"
#include "server/identity/account_directory.h"

namespace bitsd::policy {

enum class Resource {
  kLocalFile,      ///< Temporary files of a download: create, reopen, rename.
  kNetwork,        ///< Answers to HTTP challenges with implicit credentials.
  kEverythingElse  ///< Client certificate, explicit credentials, all the rest.
};

enum class Side { kOwner, kHelper };

/// Whose side opens `resource`, by the flags. BG_E_TOKEN_REQUIRED when it is the helper's and there
/// is no token.
absl::StatusOr<Side> SideFor(Resource resource, uint32_t token_flags, bool has_token);

/// May anything be opened for the owner's job, as whomever? E_ACCESSDENIED with owner_unknown
/// (`account` null or disabled: the job waits for it) or owner_not_administrator (the job is
/// elevated and can never run again).
absl::Status OwnerStanding(const Account* account, bool elevated);

/// Who the owner's side is: the full identity on an elevated job, the filtered one on any other job
/// of an administrator's account, the plain one otherwise. E_ACCESSDENIED as OwnerStanding, or with
/// filtered_token_has_no_identity (the account has no such side).
absl::StatusOr<ActingIdentity> OwnerIdentity(const Account* account, bool elevated);

/// What the owner's side may show to servers and proxies, by the same rule. `account` passed
/// OwnerStanding.
const NetworkCredentials& OwnerNetwork(const Account& account, bool elevated);

/// Who the helper's side is. E_ACCESSDENIED, filtered_token_has_no_identity, without a POSIX side.
absl::StatusOr<ActingIdentity> HelperIdentity(const AccessToken& token);

/// Do two tokens open and send as the same identity? Then one may replace the other in mid-transfer
/// without disturbing it. False when in doubt: a token without a POSIX side is like no other.
bool ActAlike(const AccessToken& a, const AccessToken& b);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_OPENERS_H_
