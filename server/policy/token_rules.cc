#include "server/policy/token_rules.h"

#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

absl::Status CheckJobState(const JobFacts& job) {
  if (!IsFinal(job.state)) return absl::OkStatus();
  return error::InvalidState("the job is ACKNOWLEDGED or CANCELLED: its helper token is gone");
}

absl::Status CheckFlags(uint32_t flags) {
  if ((flags & ~(kTokenLocalFile | kTokenNetwork)) == 0) return absl::OkStatus();
  return error::InvalidArgument(
      "usage_flags is 0, BG_TOKEN_LOCAL_FILE 0x1, BG_TOKEN_NETWORK 0x2, or both");
}

/// May `token` be lent at all, whatever the job?
absl::Status CheckLendable(const AccessToken& token) {
  if (token.level < ImpersonationLevel::kImpersonate) {
    return error::FailedToImpersonate(
        "lending a token needs bits-impersonation-level impersonate or delegate");
  }
  if (!token.posix) {
    return error::AccessDenied(Rule::kFilteredTokenHasNoIdentity,
                               "this token has no POSIX identity and could open nothing: give the "
                               "account one (for a filtered token: a `filtered:` entry) in the "
                               "account directory");
  }
  return absl::OkStatus();
}

/// The row of the table: may the handle be used for any of the five calls?
absl::Status CheckHandle(Version version, const HandleFacts& handle, const JobFacts& job) {
  if (version == Version::kWindows7) {
    if (handle.acquired_as_enabled_administrator && job.elevated) return absl::OkStatus();
    return error::AccessDenied(Rule::kAdministratorOwnedJobRequired,
                               "policy windows7: helper tokens are for an administrator's elevated "
                               "job, with a handle that an enabled administrator acquired");
  }
  if (handle.acquired_as_enabled_administrator) return absl::OkStatus();
  if (!handle.acquired_as_owner) {
    return error::AccessDenied(Rule::kHandleNotOwnerNorAdministrator,
                               "the handle was acquired neither as owner of the job nor as an "
                               "enabled administrator: have one of them call QueryInterface");
  }
  if (job.elevated) {
    // The access check of QueryInterface gives out no such handle. Closed here as well.
    return error::AccessDenied(Rule::kElevatedJob,
                               "the job is elevated: an enabled administrator must acquire the "
                               "handle");
  }
  return absl::OkStatus();
}

/// The invariant: a token with the administrators SID enabled is only ever on an elevated job. And
/// only an administrator may handle one.
absl::Status CheckAdminToken(const HandleFacts& handle, const JobFacts& job,
                             const LentToken& token) {
  if (!token.IsAdministrator()) return absl::OkStatus();
  if (!handle.acquired_as_enabled_administrator) {
    return error::AccessDenied(Rule::kAdminTokenNeedsAdministrator,
                               "the helper token has the administrators SID enabled, or delegates "
                               "an administrator's credentials, and the handle was not acquired by "
                               "an administrator: lend a filtered token (bits-filter-admin: 1), or "
                               "another principal");
  }
  if (!job.elevated) {
    return error::AccessDenied(
        Rule::kAdminTokenOnUnelevatedJob,
        "the helper token has the administrators SID enabled, or delegates "
        "an administrator's credentials, and the job is not elevated: lend a "
        "filtered token (bits-filter-admin: 1), or another principal");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MayPresentHandle(const HandleFacts& handle, const Sid& caller, TokenCall call) {
  if (!handle.bound_helper || caller == handle.acquirer) return absl::OkStatus();
  if (caller != *handle.bound_helper) {
    return error::AccessDenied(Rule::kHandleBoundToAnother,
                               "the handle is bound to another identity: ask for one that is bound "
                               "to yours");
  }
  if (call == TokenCall::kSetHelperTokenFlags) {
    return error::AccessDenied(
        Rule::kHelperCannotChangeFlags,
        "the helper a handle is bound to lends or clears its token; what the "
        "token is used for is set by whoever acquired the handle");
  }
  return absl::OkStatus();
}

absl::Status MaySetHelperToken(Version version, const HandleFacts& handle, const JobFacts& job,
                               const LentToken& token) {
  if (absl::Status status = CheckJobState(job); !status.ok()) return status;
  if (absl::Status status = CheckLendable(token.identity); !status.ok()) return status;
  if (absl::Status status = CheckHandle(version, handle, job); !status.ok()) return status;
  return CheckAdminToken(handle, job, token);
}

absl::Status MaySetHelperTokenFlags(Version version, const HandleFacts& handle, const JobFacts& job,
                                    const LentToken* current, uint32_t flags) {
  if (absl::Status status = CheckJobState(job); !status.ok()) return status;
  if (absl::Status status = CheckFlags(flags); !status.ok()) return status;
  if (absl::Status status = CheckHandle(version, handle, job); !status.ok()) return status;
  return current == nullptr ? absl::OkStatus() : CheckAdminToken(handle, job, *current);
}

absl::Status MayUseHandle(Version version, const HandleFacts& handle, const JobFacts& job) {
  if (absl::Status status = CheckJobState(job); !status.ok()) return status;
  return CheckHandle(version, handle, job);
}

}  // namespace bitsd::policy
