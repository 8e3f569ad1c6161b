#include "server/policy/session_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/identity/account_directory.h"

namespace bitsd::policy {

absl::StatusOr<absl::Duration> SessionTtl(std::optional<absl::Duration> asked,
                                          const SessionLimits& limits) {
  if (!asked) return std::clamp(kDefaultTtl, limits.min_ttl, limits.max_ttl);
  if (*asked >= limits.min_ttl && *asked <= limits.max_ttl) return *asked;
  return error::InvalidArgument(absl::StrCat("ttl is from ", absl::FormatDuration(limits.min_ttl),
                                             " to ", absl::FormatDuration(limits.max_ttl),
                                             ": KeepAlive renews a session that must last longer"));
}

absl::Time LastEnd(bool is_default, absl::Time begin, const SessionLimits& limits) {
  return is_default ? absl::InfiniteFuture() : begin + limits.max_life;
}

absl::Time RenewedDeadline(absl::Duration ttl, absl::Time last_end, absl::Time now) {
  return std::min(now + ttl, last_end);
}

absl::Duration StoreSlack(absl::Duration ttl) { return std::min(ttl / 4, absl::Minutes(1)); }

absl::Status MayUseDefaultSession(bool service, const SessionLimits& limits) {
  if (service || !limits.require_logon) return absl::OkStatus();
  return error::NotLoggedOn(
      "this service takes calls from logon sessions only: call Sessions.Logon (bitsctl logon) and "
      "send the id it returns in the metadata bits-session-id");
}

absl::Status MayOpenSession(size_t open, const SessionLimits& limits) {
  if (open < limits.per_user) return absl::OkStatus();
  return error::LimitReached(absl::StrCat("you have ", open, " logon sessions open and may have ",
                                          limits.per_user,
                                          ": end one (ListSessions shows them, Logoff ends them)"));
}

absl::Status MayUseSession(const Sid& caller, const Sid& user) {
  if (caller == user) return absl::OkStatus();
  return error::AccessDenied(Rule::kSessionOfAnother,
                             "this logon session is another's: call Logon for one of your own");
}

absl::Status MayEndSession(const AccessToken& caller, const Sid& user) {
  if (caller.IsEnabledAdministrator()) return absl::OkStatus();
  return MayUseSession(caller.user, user);
}

bool IsAlwaysLoggedOn(const Sid& owner, bool service) {
  return service || IsWellKnownService(owner);
}

absl::Time LoanEnd(const LoanBounds& bounds, absl::Time now) {
  return std::min(
      {bounds.certificate_end, bounds.session_last_end, now + bounds.max_ttl, bounds.scope_end});
}

absl::Time LoanWarning(absl::Time now, absl::Time end, absl::Duration lead) {
  return end - std::min(lead, (end - now) / 10);
}

}  // namespace bitsd::policy
