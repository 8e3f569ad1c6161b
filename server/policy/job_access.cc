#include "server/policy/job_access.h"

#include "server/error/errors.h"

namespace bitsd::policy {

absl::Status MayOpenJob(const AccessToken& caller, const Sid& owner, bool elevated) {
  const bool is_owner = caller.user == owner;
  const bool is_administrator = caller.IsEnabledAdministrator();
  if (is_owner && (!elevated || is_administrator)) return absl::OkStatus();
  // From here on only an administrator, and not the owner, may pass.
  if (is_administrator && owner != kLocalSystemSid) return absl::OkStatus();
  if (is_owner) {
    return error::AccessDenied(Rule::kElevatedJob,
                               "the job was created by an enabled administrator: call as one "
                               "(without bits-filter-admin), not only as its owner");
  }
  if (is_administrator) {
    return error::AccessDenied(Rule::kSystemJob,
                               "a job of LocalSystem (S-1-5-18) is open to LocalSystem only");
  }
  return error::AccessDenied(Rule::kJobAccess,
                             "only the owner of a job and enabled administrators may open it");
}

absl::Status MaySeeAllUsers(const AccessToken& caller) {
  if (caller.IsEnabledAdministrator()) return absl::OkStatus();
  return error::AccessDenied(
      Rule::kAllUsers,
      "all_users is for enabled administrators: leave it unset to see what is "
      "your own");
}

bool MaySeeReloadFailures(const AccessToken& caller) { return caller.IsEnabledAdministrator(); }

bool MaySeeSetAside(const AccessToken& caller, const std::optional<Sid>& owner,
                    std::optional<bool> elevated) {
  return MayOpenJob(caller, owner.value_or(kLocalSystemSid), elevated.value_or(true)).ok();
}

bool IsElevatedCreation(const AccessToken& caller) { return caller.IsEnabledAdministrator(); }

bool IsExemptFromLimits(const AccessToken& caller) {
  return IsExemptFromLimits(caller.user, caller.IsEnabledAdministrator(), caller.service);
}

bool IsExemptFromLimits(const Sid& owner, bool administrator, bool service) {
  return administrator || service || IsWellKnownService(owner);
}

}  // namespace bitsd::policy
