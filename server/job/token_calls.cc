// The helper token of a job: handles, the five calls of BitsTokenOptions, and the end of a loan.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/job_changes.h"
#include "server/job/job_manager.h"
#include "server/policy/openers.h"

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
  return Presented{std::move(job), found->facts};
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

void JobManager::SetHelperToken(const Caller& caller, std::string_view handle,
                                std::function<void(absl::StatusOr<absl::Time>)> done) {
  const auto presented = Present(caller, handle, policy::TokenCall::kSetHelperToken);
  if (!presented.ok()) return done(presented.status());
  const JobPtr& job = presented->job;
  const absl::Time expires = std::min(caller.token->certificate_not_after,
                                      deps_.clock.Now() + CurrentOptions()->token_max_ttl);
  auto token = std::make_shared<HelperToken>(caller.token, expires);
  const bool attached = token->AttachTo(
      caller.session,
      [this, weak_job = std::weak_ptr<Job>(job), weak_token = std::weak_ptr<HelperToken>(token)](
          std::string_view reason) { DiscardToken(weak_job, weak_token, reason); });
  if (!attached) {
    return done(error::NotLoggedOn("your logon session has ended: call again to open a new one"));
  }
  Job::Change change;
  change.decide = [this, facts = presented->facts,
                   token](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    const absl::Status status = policy::MaySetHelperToken(CurrentOptions()->policy, *facts,
                                                          FactsOf(newest), token->identity());
    if (!status.ok()) return status;
    const auto owner = deps_.accounts.Find(newest.record->owner);
    if (owner == nullptr || owner->disabled) {
      return policy::OwnerStanding(owner.get(), newest.record->elevated);
    }
    // The session may have ended since the token was hung on it; its discard found no token here.
    if (token->ended()) {
      return error::AccessDenied(Rule::kTokenEnded, "your logon session has ended: lend again");
    }
    return change::SetToken(newest, token);
  };
  change.done = [this, caller, job, token,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    WatchExpiry(job, token);
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
  const absl::Time when = token->expires();
  const uint64_t id = deps_.timer.At(when, [this, weak_job = std::weak_ptr<Job>(job),
                                            weak_token = std::weak_ptr<HelperToken>(token)] {
    DiscardToken(weak_job, weak_token, "expired");
  });
  token->OnRelease([this, id, when] { deps_.timer.Cancel(id, when); });
}

void JobManager::DiscardToken(const std::weak_ptr<Job>& weak_job,
                              const std::weak_ptr<HelperToken>& weak_token,
                              std::string_view reason) {
  const HelperTokenPtr token = weak_token.lock();
  if (token == nullptr) return;
  token->End();
  const JobPtr job = weak_job.lock();
  if (job == nullptr) return;
  deps_.audit.Write({"helper_token_discarded",
                     {{"helper_sid", token->identity().user.ToString()},
                      {"job", job->id().ToString()},
                      {"reason", std::string(reason)}}});
  Job::Change change;
  change.decide = [token](const JobVersion& newest) {
    return change::DiscardToken(newest, token.get());
  };
  job->Submit(std::move(change));
}

}  // namespace bitsd
