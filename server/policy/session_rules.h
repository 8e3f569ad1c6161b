// Logon sessions: how long they last, and who may use and end them.
//
// The numbers are those of docs/semantics.md, "Logon sessions". Thread safety: pure functions;
// SessionLimits is a value.

#ifndef BITSD_SERVER_POLICY_SESSION_RULES_H_
#define BITSD_SERVER_POLICY_SESSION_RULES_H_

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/identity/access_token.h"
#include "server/identity/sid.h"

namespace bitsd::policy {

struct SessionLimits {
  bool require_logon = false;  ///< No default sessions, but for service accounts.
  absl::Duration min_ttl = absl::Seconds(30);
  absl::Duration max_ttl = absl::Hours(24);
  absl::Duration max_life = absl::Hours(168);      ///< Of a session that was opened by Logon.
  absl::Duration default_idle = absl::Hours(168);  ///< Of a default session, without any call.
  size_t per_user = 16;                            ///< Opened by Logon.

  friend bool operator==(const SessionLimits&, const SessionLimits&) = default;
};

/// What Logon gives without a ttl, where the limits allow it.
inline constexpr absl::Duration kDefaultTtl = absl::Hours(1);

/// The ttl of a new session; unset: one hour. E_INVALIDARG outside the limits.
absl::StatusOr<absl::Duration> SessionTtl(std::optional<absl::Duration> asked,
                                          const SessionLimits& limits);

/// When a session that began at `begin` ends at the very latest; a default one has no such end.
absl::Time LastEnd(bool is_default, absl::Time begin, const SessionLimits& limits);

/// When it ends, renewed at `now`: never later than its last end.
absl::Time RenewedDeadline(absl::Duration ttl, absl::Time last_end, absl::Time now);

/// How much later than the true one the stored deadline of a session is, so that not every renewal
/// is written: what a restart may add to a lease. A quarter of the ttl, at most a minute.
absl::Duration StoreSlack(absl::Duration ttl);

/// May calls without a session of their own be made in a default session? ERROR_NOT_LOGGED_ON.
absl::Status MayUseDefaultSession(bool service, const SessionLimits& limits);

/// May another session be opened besides `open` ones? E_OUTOFMEMORY.
absl::Status MayOpenSession(size_t open, const SessionLimits& limits);

/// May `caller` make calls in, and renew, a session of `user`? E_ACCESSDENIED, session_of_another.
absl::Status MayUseSession(const Sid& caller, const Sid& user);

/// May `caller` end a session of `user`? Its own, and as an enabled administrator any.
absl::Status MayEndSession(const AccessToken& caller, const Sid& user);

/// The jobs of an owner that is a service account do not wait for a logon.
bool IsAlwaysLoggedOn(const Sid& owner, bool service);

/// When a loan ends: nothing extends it but the next SetHelperToken.
struct LoanBounds {
  absl::Time certificate_end;
  absl::Time session_last_end;
  absl::Duration max_ttl;
  absl::Time scope_end = absl::InfiniteFuture();
};
absl::Time LoanEnd(const LoanBounds& bounds, absl::Time now);

/// When its end is announced: `lead` before it, for a short loan when a tenth of it is left.
absl::Time LoanWarning(absl::Time now, absl::Time end, absl::Duration lead);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_SESSION_RULES_H_
