// Who may lend a helper token on which job, and who may say what it is used for.
//
// The table of docs/semantics.md, "Who may do what with a handle": pure functions of what was true
// when the handle was acquired, of the job, and of the tokens. Invariant: a token with the
// administrators SID enabled is only ever on an elevated job, in whatever order flags and token
// come. The functions are total: they hold it for every combination of inputs, also those that
// QueryInterface never gives a handle for.
//
// A call is judged in this order, and the first refusal is its answer: may this caller present the
// handle (MayPresentHandle); is the job final; are the arguments valid (flags; level and POSIX side
// of the token); the rule of the table. Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_TOKEN_RULES_H_
#define BITSD_SERVER_POLICY_TOKEN_RULES_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "server/identity/access_token.h"
#include "server/identity/sid.h"
#include "server/policy/job_facts.h"

namespace bitsd::policy {

enum class Version {
  kWindows10_1607,  ///< The default.
  kWindows7,
};

/// What was true of the acquirer when QueryInterface made the access check.
struct HandleFacts {
  Sid acquirer;
  bool acquired_as_owner = false;
  bool acquired_as_enabled_administrator = false;
  std::optional<Sid> bound_helper;  ///< helper_sid of QueryInterface.
};

struct JobFacts {
  JobState state = JobState::kSuspended;
  bool elevated = false;
};

/// A token that is lent, or to be lent.
struct LentToken {
  const AccessToken& identity;
  /// It carries delegated credentials of a principal that the directory marks administrator.
  bool administrator_principal = false;

  /// Counts as one with the administrators SID enabled.
  bool IsAdministrator() const {
    return administrator_principal || identity.IsEnabledAdministrator();
  }
};

enum class TokenCall {
  kSetHelperTokenFlags,
  kGetHelperTokenFlags,
  kSetHelperToken,
  kClearHelperToken,
  kGetHelperTokenSid,
};

/// May `caller` present this handle for `call`? An unbound handle is accepted from everybody, as a
/// COM pointer; a bound one from its acquirer, and from the bound helper for every call but
/// SetHelperTokenFlags. E_ACCESSDENIED: handle_bound_to_another, helper_cannot_change_flags.
absl::Status MayPresentHandle(const HandleFacts& handle, const Sid& caller, TokenCall call);

/// May this handle lend `token` on the job? BG_E_INVALID_STATE; CO_E_FAILEDTOIMPERSONATE below
/// level impersonate; E_ACCESSDENIED: filtered_token_has_no_identity, the rules of MayUseHandle,
/// and for a token with the administrators SID enabled admin_token_needs_administrator or
/// admin_token_on_unelevated_job.
absl::Status MaySetHelperToken(Version version, const HandleFacts& handle, const JobFacts& job,
                               const LentToken& token);

/// May this handle put `flags` in force, given the token that is set (or null)? E_INVALIDARG for
/// other bits than 0x1 and 0x2; else as MaySetHelperToken, against `current`.
absl::Status MaySetHelperTokenFlags(Version version, const HandleFacts& handle, const JobFacts& job,
                                    const LentToken* current, uint32_t flags);

/// May this handle read flags and SID, and clear the token? BG_E_INVALID_STATE; E_ACCESSDENIED:
/// administrator_owned_job_required (policy windows7), handle_not_owner_nor_administrator, and
/// elevated_job for a handle acquired as owner only, which QueryInterface refuses already.
absl::Status MayUseHandle(Version version, const HandleFacts& handle, const JobFacts& job);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_TOKEN_RULES_H_
