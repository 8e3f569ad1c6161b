#include "server/job/calls/token_calls.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/job/calls/call_audit.h"
#include "server/job/changes/job_changes.h"
#include "server/job/job.h"
#include "server/policy/network_side.h"
#include "server/policy/openers.h"
#include "server/policy/session_rules.h"

namespace bitsd {
namespace {

policy::LentToken LentOf(const HelperToken& token) {
  return {token.identity(), token.administrator_principal()};
}

absl::Status AccountChanged() {
  return error::AccessDenied(Rule::kTokenEnded,
                             "your account has just changed in the account directory: lend again");
}

}  // namespace

absl::StatusOr<uint32_t> TokenCalls::GetHelperTokenFlags(const Caller& caller,
                                                         std::string_view handle) {
  const auto presented =
      deps_.handles.PresentForReading(caller, handle, policy::TokenCall::kGetHelperTokenFlags);
  if (!presented.ok()) return presented.status();
  return presented->job->InForce().record->token_flags;
}

absl::StatusOr<std::optional<Sid>> TokenCalls::GetHelperTokenSid(const Caller& caller,
                                                                 std::string_view handle) {
  const auto presented =
      deps_.handles.PresentForReading(caller, handle, policy::TokenCall::kGetHelperTokenSid);
  if (!presented.ok()) return presented.status();
  const JobVersion version = presented->job->InForce();
  const HelperToken* token = version.LiveToken();
  return token == nullptr ? std::nullopt : std::optional(token->identity().user);
}

void TokenCalls::SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                                     std::function<void(absl::Status)> done) {
  const auto presented =
      deps_.handles.Present(caller, handle, policy::TokenCall::kSetHelperTokenFlags);
  if (!presented.ok()) return done(presented.status());
  JobChange change;
  change.decide = [this, facts = presented->facts,
                   flags](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const HelperToken* token = newest.LiveToken();
    std::optional<policy::LentToken> lent;
    if (token != nullptr) lent.emplace(LentOf(*token));
    const absl::Status status = policy::MaySetHelperTokenFlags(
        deps_.options.Get()->policy, *facts, FactsOf(newest), lent ? &*lent : nullptr, flags);
    if (!status.ok()) return status;
    return change::SetFlags(newest, flags);
  };
  change.done = [this, caller, flags, job = presented->job,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (result.ok()) {
      AuditCall(deps_.audit, caller, "helper_token_flags_set", job->id(),
                {{"flags", absl::StrCat(flags)}});
    }
    done(result.status());
  };
  presented->job->Submit(std::move(change));
}

void TokenCalls::SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                                std::function<void(absl::StatusOr<absl::Time>)> done) {
  const auto presented = deps_.handles.Present(caller, handle, policy::TokenCall::kSetHelperToken);
  if (!presented.ok()) return done(presented.status());
  if (loan.delegated) return LendDelegated(caller, *presented, std::move(loan), std::move(done));
  Lend(caller, *presented, std::move(loan), std::nullopt, std::move(done));
}

void TokenCalls::LendDelegated(const Caller& caller, const HandleCalls::Presented& presented,
                               Loan loan, std::function<void(absl::StatusOr<absl::Time>)> done) {
  // What is refused anyhow is not looked into. It is all asked again, of the job as it is then.
  absl::Status status =
      policy::MaySetHelperToken(deps_.options.Get()->policy, *presented.facts,
                                FactsOf(presented.job->InForce()), {*caller.token});
  if (status.ok()) status = policy::MayDelegate(*caller.token, loan.delegated->view().size());
  if (!status.ok()) return done(status);
  Secret cache = *std::exchange(loan.delegated, std::nullopt);
  deps_.network.Take(
      caller.token->user, std::move(cache),
      [this, caller, presented, loan = std::move(loan),
       before = deps_.accounts.Find(caller.token->user),
       done = std::move(done)](absl::StatusOr<NetworkIdentities::Delegated> taken) {
        if (!taken.ok()) return done(taken.status());
        // A reload ended what the account had lent; this was not there yet.
        const auto now = deps_.accounts.Find(caller.token->user);
        if (before == nullptr || WhatChanged(*before, now.get())) return done(AccountChanged());
        const auto listed = policy::CheckDelegatedPrincipal(*caller.token, taken->principal);
        if (!listed.ok()) return done(listed.status());
        Lend(caller, presented, loan,
             DelegatedNetwork{std::move(taken->identity), listed->name, listed->administrator},
             done);
      });
}

void TokenCalls::Lend(const Caller& caller, const HandleCalls::Presented& presented, Loan loan,
                      std::optional<DelegatedNetwork> delegated,
                      std::function<void(absl::StatusOr<absl::Time>)> done) {
  const JobPtr& job = presented.job;
  const absl::Time expires =
      policy::LoanEnd({caller.token->certificate_not_after, caller.session->facts().last_end.wall,
                       deps_.options.Get()->token_max_ttl, loan.end},
                      deps_.clock.Now());
  auto token = std::make_shared<HelperToken>(caller.token, expires, std::move(loan.scope),
                                             std::move(delegated));
  if (absl::Status status = deps_.ends.Attach(caller, job, token); !status.ok())
    return done(status);
  deps_.ends.WatchExpiry(job, token);  // From now on: a commit may take longer than the loan.
  JobChange change;
  change.decide = [this, presented, token](const JobVersion& newest) {
    return Lent(newest, presented, token);
  };
  change.done = [this, caller, job, token,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    token->CountIn(caller.session);
    AuditCall(
        deps_.audit, caller, "helper_token_set", job->id(),
        {{"expires", absl::FormatTime(absl::RFC3339_sec, token->expires(), absl::UTCTimeZone())}});
    done(token->expires());
  };
  job->Submit(std::move(change));
}

absl::StatusOr<JobVersion> TokenCalls::Lent(const JobVersion& newest,
                                            const HandleCalls::Presented& presented,
                                            const HelperTokenPtr& token) const {
  const absl::Status status = policy::MaySetHelperToken(
      deps_.options.Get()->policy, *presented.facts, FactsOf(newest), LentOf(*token));
  if (!status.ok()) return status;
  const auto owner = deps_.accounts.Find(newest.record->owner);
  if (owner == nullptr || owner->disabled) {
    return policy::OwnerStanding(owner.get(), newest.record->elevated);
  }
  // What the token hangs on may have ended since; that discard found no token here.
  if (token->ended()) {
    return error::AccessDenied(
        Rule::kTokenEnded,
        "your logon session, your certificate or the session of the job's owner has just ended: "
        "log on and lend again");
  }
  if (*presented.ended) return error::Disconnected("the handle has just ended: ask for another");
  return change::SetToken(newest, token);
}

void TokenCalls::ClearHelperToken(const Caller& caller, std::string_view handle,
                                  std::function<void(absl::Status)> done) {
  const auto presented =
      deps_.handles.Present(caller, handle, policy::TokenCall::kClearHelperToken);
  if (!presented.ok()) return done(presented.status());
  JobChange change;
  change.decide =
      [this, facts = presented->facts](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const absl::Status status =
        policy::MayUseHandle(deps_.options.Get()->policy, *facts, FactsOf(newest));
    if (!status.ok()) return status;
    return change::DropToken(newest);
  };
  change.done = [this, caller, job = presented->job,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (result.ok()) AuditCall(deps_.audit, caller, "helper_token_cleared", job->id());
    done(result.status());
  };
  presented->job->Submit(std::move(change));
}

}  // namespace bitsd
