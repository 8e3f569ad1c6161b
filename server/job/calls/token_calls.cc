// The helper token of a job: handles, and the five calls of BitsTokenOptions.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/job/calls/job_manager.h"
#include "server/job/changes/job_changes.h"
#include "server/policy/network_side.h"
#include "server/policy/openers.h"
#include "server/policy/session_rules.h"

namespace bitsd {
namespace {

policy::JobFacts FactsOf(const JobVersion& job) {
  return {job.record->state, job.record->elevated};
}

policy::LentToken LentOf(const HelperToken& token) {
  return {token.identity(), token.administrator_principal()};
}

absl::Status AccountChanged() {
  return error::AccessDenied(Rule::kTokenEnded,
                             "your account has just changed in the account directory: lend again");
}

}  // namespace

absl::StatusOr<std::string> JobManager::QueryInterface(const Caller& caller, const JobId& id,
                                                       std::optional<Sid> helper) {
  const auto job = Open(caller, id);
  if (!job.ok()) return job.status();
  policy::HandleFacts facts;
  facts.acquirer = caller.token->user;
  facts.acquired_as_owner = caller.token->user == (*job)->owner();
  facts.acquired_as_enabled_administrator = caller.token->IsEnabledAdministrator();
  facts.bound_helper = helper;
  auto handle = handles_.Acquire(id, facts, caller);
  if (handle.ok()) {
    Audit(caller, "handle_acquired", id,
          {{"handle", handles_.Digest(*handle)}, {"helper_sid", helper ? helper->ToString() : ""}});
  }
  return handle;
}

absl::Status JobManager::Release(const Caller& caller, std::string_view handle) {
  const auto found = handles_.Find(handle);
  if (!found.ok()) return found.status();
  if (found->facts->acquirer != caller.token->user) {
    return error::AccessDenied(Rule::kHandleReleaseByAnother,
                               "only the identity that acquired a handle may release it");
  }
  handles_.Release(handle);
  Audit(caller, "handle_released", found->job, {{"handle", handles_.Digest(handle)}});
  return absl::OkStatus();
}

absl::StatusOr<JobManager::Presented> JobManager::Present(const Caller& caller,
                                                          std::string_view handle,
                                                          policy::TokenCall call) {
  const auto found = handles_.Find(handle);
  if (!found.ok()) return found.status();
  const absl::Status status = policy::MayPresentHandle(*found->facts, caller.token->user, call);
  if (!status.ok()) return status;
  JobPtr job = table_.Find(found->job);
  if (job == nullptr) return error::Disconnected("the job of this handle is gone");
  return Presented{std::move(job), found->facts, found->ended};
}

absl::StatusOr<JobManager::Presented> JobManager::PresentForReading(const Caller& caller,
                                                                    std::string_view handle,
                                                                    policy::TokenCall call) {
  auto presented = Present(caller, handle, call);
  if (!presented.ok()) return presented;
  const absl::Status status = policy::MayUseHandle(CurrentOptions()->policy, *presented->facts,
                                                   FactsOf(presented->job->InForce()));
  if (!status.ok()) return status;
  return presented;
}

absl::StatusOr<uint32_t> JobManager::GetHelperTokenFlags(const Caller& caller,
                                                         std::string_view handle) {
  const auto presented = PresentForReading(caller, handle, policy::TokenCall::kGetHelperTokenFlags);
  if (!presented.ok()) return presented.status();
  return presented->job->InForce().record->token_flags;
}

absl::StatusOr<std::optional<Sid>> JobManager::GetHelperTokenSid(const Caller& caller,
                                                                 std::string_view handle) {
  const auto presented = PresentForReading(caller, handle, policy::TokenCall::kGetHelperTokenSid);
  if (!presented.ok()) return presented.status();
  const JobVersion version = presented->job->InForce();
  const HelperToken* token = version.LiveToken();
  return token == nullptr ? std::nullopt : std::optional(token->identity().user);
}

void JobManager::SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                                     std::function<void(absl::Status)> done) {
  const auto presented = Present(caller, handle, policy::TokenCall::kSetHelperTokenFlags);
  if (!presented.ok()) return done(presented.status());
  JobChange change;
  change.decide = [this, facts = presented->facts,
                   flags](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const HelperToken* token = newest.LiveToken();
    std::optional<policy::LentToken> lent;
    if (token != nullptr) lent.emplace(LentOf(*token));
    const absl::Status status = policy::MaySetHelperTokenFlags(
        CurrentOptions()->policy, *facts, FactsOf(newest), lent ? &*lent : nullptr, flags);
    if (!status.ok()) return status;
    return change::SetFlags(newest, flags);
  };
  change.done = [this, caller, flags, job = presented->job,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (result.ok()) {
      Audit(caller, "helper_token_flags_set", job->id(), {{"flags", absl::StrCat(flags)}});
    }
    done(result.status());
  };
  presented->job->Submit(std::move(change));
}

void JobManager::SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                                std::function<void(absl::StatusOr<absl::Time>)> done) {
  const auto presented = Present(caller, handle, policy::TokenCall::kSetHelperToken);
  if (!presented.ok()) return done(presented.status());
  if (loan.delegated) return LendDelegated(caller, *presented, std::move(loan), std::move(done));
  Lend(caller, *presented, std::move(loan), std::nullopt, std::move(done));
}

void JobManager::LendDelegated(const Caller& caller, const Presented& presented, Loan loan,
                               std::function<void(absl::StatusOr<absl::Time>)> done) {
  // What is refused anyhow is not looked into. It is all asked again, of the job as it is then.
  absl::Status status =
      policy::MaySetHelperToken(CurrentOptions()->policy, *presented.facts,
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

void JobManager::Lend(const Caller& caller, const Presented& presented, Loan loan,
                      std::optional<DelegatedNetwork> delegated,
                      std::function<void(absl::StatusOr<absl::Time>)> done) {
  const JobPtr& job = presented.job;
  const absl::Time expires =
      policy::LoanEnd({caller.token->certificate_not_after, caller.session->facts().last_end.wall,
                       CurrentOptions()->token_max_ttl, loan.end},
                      deps_.clock.Now());
  auto token = std::make_shared<HelperToken>(caller.token, expires, std::move(loan.scope),
                                             std::move(delegated));
  if (absl::Status status = HangToken(caller, job, token); !status.ok()) return done(status);
  WatchExpiry(job, token);  // From now on: a commit may take longer than the loan.
  JobChange change;
  change.decide = [this, facts = presented.facts, gone = presented.ended,
                   token](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const absl::Status status = policy::MaySetHelperToken(CurrentOptions()->policy, *facts,
                                                          FactsOf(newest), LentOf(*token));
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
    if (*gone) return error::Disconnected("the handle has just ended: ask for another");
    return change::SetToken(newest, token);
  };
  change.done = [this, caller, job, token,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    token->CountIn(caller.session);
    Audit(
        caller, "helper_token_set", job->id(),
        {{"expires", absl::FormatTime(absl::RFC3339_sec, token->expires(), absl::UTCTimeZone())}});
    done(token->expires());
  };
  job->Submit(std::move(change));
}

void JobManager::ClearHelperToken(const Caller& caller, std::string_view handle,
                                  std::function<void(absl::Status)> done) {
  const auto presented = Present(caller, handle, policy::TokenCall::kClearHelperToken);
  if (!presented.ok()) return done(presented.status());
  JobChange change;
  change.decide =
      [this, facts = presented->facts](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const absl::Status status =
        policy::MayUseHandle(CurrentOptions()->policy, *facts, FactsOf(newest));
    if (!status.ok()) return status;
    return change::DropToken(newest);
  };
  change.done = [this, caller, job = presented->job,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (result.ok()) Audit(caller, "helper_token_cleared", job->id());
    done(result.status());
  };
  presented->job->Submit(std::move(change));
}

absl::Status JobManager::HangToken(const Caller& caller, const JobPtr& job,
                                   const HelperTokenPtr& token) {
  const auto discard = [this, weak_job = std::weak_ptr<Job>(job),
                        weak_token = std::weak_ptr<HelperToken>(token)](
                           std::string_view reason, const WaitGroupPtr& wait_group) {
    DiscardToken(weak_job, weak_token, reason, wait_group);
  };
  if (!token->HangOn(caller.session, discard)) {
    return error::NotLoggedOn("your logon session has ended: log on, or call, again");
  }
  if (caller.token->certificate != nullptr && !token->HangOn(caller.token->certificate, discard)) {
    return error::Unauthenticated(Rule::kCertificateRevoked, "the certificate has been revoked");
  }
  const auto owner = deps_.accounts.Find(job->owner());
  if (absl::Status s = policy::OwnerStanding(owner.get(), job->elevated()); !s.ok()) return s;
  if (policy::IsAlwaysLoggedOn(job->owner(), owner->service)) return absl::OkStatus();
  const std::shared_ptr<EndSignal> presence = deps_.presence.Of(job->owner());
  if (presence != nullptr && token->HangOn(presence, discard)) return absl::OkStatus();
  return error::NotLoggedOn(Rule::kOwnerLoggedOff,
                            "the job's owner is not logged on, and a token lasts no longer than "
                            "that: lend when its owner has logged on");
}

}  // namespace bitsd
