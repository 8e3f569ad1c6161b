// Who acts for a job: the identity that opens its local files, within which limits, and whether its
// owner is there.
//
// Thread safety: any thread; nothing blocks. Ownership: nothing is kept.

#ifndef BITSD_SERVER_JOB_ACTING_H_
#define BITSD_SERVER_JOB_ACTING_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "server/identity/access_token.h"
#include "server/identity/account_directory.h"
#include "server/job/changes/job_version.h"
#include "server/job/job_environment.h"
#include "server/policy/token_scope.h"

namespace bitsd {

struct LocalActor {
  std::shared_ptr<const Account> owner;
  ActingIdentity identity;
  policy::LoanLimits loan;  ///< Of the helper token that is used.
};

/// Who opens the local files of `version`, or why nobody does. `owner`: its account, or null.
absl::StatusOr<ActingIdentity> LocalIdentity(const JobVersion& version, const Account* owner);

/// The limits of the token that is used while `flags`, of those in force, are looked at.
/// E_ACCESSDENIED, token_scope, when it may not be used for all of them.
absl::StatusOr<policy::LoanLimits> LoanOf(const JobVersion& version, uint32_t flags);

/// Both. `flags`: those that are looked at.
absl::StatusOr<LocalActor> ActorOf(const JobVersion& version, std::shared_ptr<const Account> owner,
                                   uint32_t flags);

/// The same for work on local files alone, beside the transfer: its owner is logged on, too.
absl::StatusOr<LocalActor> FindLocalActor(const JobEnvironment& environment,
                                          const JobVersion& version);

/// Work that began as `actor` may go on: it would begin as the same `now`, with the same account.
bool IsSame(const LocalActor& actor, const absl::StatusOr<LocalActor>& now);

/// The account directory has the owner, not disabled.
bool OwnerIsThere(const JobEnvironment& environment, const Sid& owner);

bool IsLoggedOn(const JobEnvironment& environment, const Sid& owner, const Account& account);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_ACTING_H_
