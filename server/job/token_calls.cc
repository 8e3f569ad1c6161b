// The helper token of a job: handles, the five calls of BitsTokenOptions, and the end of a loan.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/job_changes.h"
#include "server/job/job_manager.h"
#include "server/policy/openers.h"
#include "server/policy/session_rules.h"

namespace bitsd {
namespace {

policy::JobFacts FactsOf(const JobVersion& job) {
  return {job.record->state, job.record->elevated};
}

const AccessToken* IdentityOf(const JobVersion& job) {
  const HelperToken* token = job.LiveToken();
  return token == nullptr ? nullptr : &token->identity();
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
  Job::Change change;
  change.decide = [this, facts = presented->facts,
                   flags](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const absl::Status status = policy::MaySetHelperTokenFlags(
        CurrentOptions()->policy, *facts, FactsOf(newest), IdentityOf(newest), flags);
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
  const JobPtr& job = presented->job;
  const absl::Time expires =
      policy::LoanEnd({caller.token->certificate_not_after, caller.session->facts().last_end.wall,
                       CurrentOptions()->token_max_ttl, loan.end},
                      deps_.clock.Now());
  auto token = std::make_shared<HelperToken>(caller.token, expires, std::move(loan.scope));
  if (absl::Status status = HangToken(caller, job, token); !status.ok()) return done(status);
  WatchExpiry(job, token);  // From now on: a commit may take longer than the loan.
  Job::Change change;
  change.decide = [this, facts = presented->facts, gone = presented->ended,
                   token](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const absl::Status status = policy::MaySetHelperToken(CurrentOptions()->policy, *facts,
                                                          FactsOf(newest), token->identity());
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
  Job::Change change;
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

void JobManager::WatchExpiry(const JobPtr& job, const HelperTokenPtr& token) {
  const absl::Time now = deps_.clock.Now();
  const absl::Time end = token->expires();
  const absl::Time warning = policy::LoanWarning(now, end, CurrentOptions()->token_warning);
  const std::weak_ptr<Job> weak_job(job);
  const std::weak_ptr<HelperToken> weak_token(token);
  // By both clocks: one that is set back does not make a loan last longer.
  const Timer::Task at_end = deps_.timer.AtOrAfter(end, end - now, [this, weak_job, weak_token] {
    DiscardToken(weak_job, weak_token, "expired", nullptr);
  });
  const Timer::Task at_warning =
      deps_.timer.AtOrAfter(warning, warning - now, [this, weak_job, weak_token] {
        const JobPtr job = weak_job.lock();
        const HelperTokenPtr token = weak_token.lock();
        if (job != nullptr && token != nullptr) WarnOfExpiry(job, token);
      });
  token->OnRelease([this, at_end, at_warning] {
    deps_.timer.Cancel(at_end);
    deps_.timer.Cancel(at_warning);
  });
}

void JobManager::WarnOfExpiry(const JobPtr& job, const HelperTokenPtr& token) {
  // A token that was replaced may still be held by the work that used it.
  if (job->InForce().token != token || token->ended()) return;
  token->SetEndsSoon();
  const std::string end =
      absl::FormatTime(absl::RFC3339_sec, token->expires(), absl::UTCTimeZone());
  deps_.audit.Write({"helper_token_expires_soon",
                     {{"helper_sid", token->identity().user.ToString()},
                      {"job", job->id().ToString()},
                      {"expires", end}}});
  spdlog::info("the helper token of job {} expires at {}", job->id().ToString(), end);
  OnChanged(job);
}

absl::Status JobManager::HangToken(const Caller& caller, const JobPtr& job,
                                   const HelperTokenPtr& token) {
  const auto discard = [this, weak_job = std::weak_ptr<Job>(job),
                        weak_token = std::weak_ptr<HelperToken>(token)](
                           std::string_view reason, const SettlementPtr& settlement) {
    DiscardToken(weak_job, weak_token, reason, settlement);
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
  const std::shared_ptr<Lifeline> presence = deps_.presence.Of(job->owner());
  if (presence != nullptr && token->HangOn(presence, discard)) return absl::OkStatus();
  return error::NotLoggedOn(Rule::kOwnerLoggedOff,
                            "the job's owner is not logged on, and a token lasts no longer than "
                            "that: lend when its owner has logged on");
}

void JobManager::AuditDiscard(const JobId& job, const Sid& helper, std::string_view reason) const {
  deps_.audit.Write({"helper_token_discarded",
                     {{"helper_sid", helper.ToString()},
                      {"job", job.ToString()},
                      {"reason", std::string(reason)}}});
}

void JobManager::DiscardToken(const std::weak_ptr<Job>& weak_job,
                              const std::weak_ptr<HelperToken>& weak_token, std::string_view reason,
                              const SettlementPtr& settlement) {
  const HelperTokenPtr token = weak_token.lock();
  if (token == nullptr) return;
  token->End();
  const JobPtr job = weak_job.lock();
  if (job == nullptr) return;
  AuditDiscard(job->id(), token->identity().user, reason);
  Job::Change change;
  change.decide = [token](const JobVersion& newest) {
    return change::DiscardToken(newest, token.get());
  };
  if (settlement != nullptr) {
    change.done = [settlement](const absl::StatusOr<JobVersion>& result) {
      settlement->Note(result.status());
    };
  }
  job->Submit(std::move(change));
}

void JobManager::DiscardAnyToken(const JobPtr& job, std::string_view reason) {
  auto discarded = std::make_shared<std::optional<Sid>>();
  Job::Change change;
  change.decide = [discarded](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    if (newest.token == nullptr) return newest;
    newest.token->End();
    *discarded = newest.token->identity().user;
    return change::DropToken(newest);
  };
  job->Submit(std::move(change));
  if (*discarded) AuditDiscard(job->id(), **discarded, reason);
}

}  // namespace bitsd
