// Who may open which job.
//
// One function, MayOpenJob, for every job that a call reads or changes: for a job that was named,
// its error is the call's; in lists and streams what does not pass is left out. Thread safety: pure
// functions.

#ifndef BITSD_SERVER_POLICY_JOB_ACCESS_H_
#define BITSD_SERVER_POLICY_JOB_ACCESS_H_

#include <optional>

#include "absl/status/status.h"
#include "server/identity/access_token.h"
#include "server/identity/sid.h"

namespace bitsd::policy {

/// E_ACCESSDENIED with job_access, elevated_job or system_job unless `caller` may open the job.
absl::Status MayOpenJob(const AccessToken& caller, const Sid& owner, bool elevated);

/// E_ACCESSDENIED, rule all_users, unless `caller` is an enabled administrator.
absl::Status MaySeeAllUsers(const AccessToken& caller);

/// Why a file of the service could not be loaded names its files, accounts and lines: for enabled
/// administrators.
bool MaySeeReloadFailures(const AccessToken& caller);

/// Whether `caller` learns that a job cannot be read: who may open it. Where not even that can be
/// read it counts as one of LocalSystem, and as elevated.
bool MaySeeSetAside(const AccessToken& caller, const std::optional<Sid>& owner,
                    std::optional<bool> elevated);

/// What a job of `caller` records at CreateJob: the caller is an enabled administrator.
bool IsElevatedCreation(const AccessToken& caller);

/// Administrators and service accounts are exempt from the limits on jobs and files.
bool IsExemptFromLimits(const AccessToken& caller);
/// The same of a job that is there: its owner, whether it was an enabled administrator when it made
/// the job, and whether it is a service account.
bool IsExemptFromLimits(const Sid& owner, bool administrator, bool service);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_JOB_ACCESS_H_
