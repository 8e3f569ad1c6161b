#include "server/job/calls/loan_ends.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/error/errors.h"
#include "server/job/changes/job_changes.h"
#include "server/policy/openers.h"
#include "server/policy/session_rules.h"

namespace bitsd {

absl::Status LoanEnds::Attach(const Caller& caller, const JobPtr& job,
                              const HelperTokenPtr& token) {
  const auto discard = [this, weak_job = std::weak_ptr<Job>(job),
                        weak_token = std::weak_ptr<HelperToken>(token)](
                           std::string_view reason, const WaitGroupPtr& wait_group) {
    Discard(weak_job, weak_token, reason, wait_group);
  };
  if (!token->AttachTo(caller.session, discard)) {
    return error::NotLoggedOn("your logon session has ended: log on, or call, again");
  }
  if (caller.token->certificate != nullptr &&
      !token->AttachTo(caller.token->certificate, discard)) {
    return error::Unauthenticated(Rule::kCertificateRevoked, "the certificate has been revoked");
  }
  const auto owner = deps_.accounts.Find(job->owner());
  if (absl::Status s = policy::OwnerStanding(owner.get(), job->elevated()); !s.ok()) return s;
  if (policy::IsAlwaysLoggedOn(job->owner(), owner->service)) return absl::OkStatus();
  const std::shared_ptr<EndSignal> presence = deps_.presence.Of(job->owner());
  if (presence != nullptr && token->AttachTo(presence, discard)) return absl::OkStatus();
  return error::NotLoggedOn(Rule::kOwnerLoggedOff,
                            "the job's owner is not logged on, and a token lasts no longer than "
                            "that: lend when its owner has logged on");
}

void LoanEnds::WatchExpiry(const JobPtr& job, const HelperTokenPtr& token) {
  const absl::Time now = deps_.clock.Now();
  const absl::Time end = token->expires();
  const absl::Time warning = policy::LoanWarning(now, end, deps_.options.Get()->token_warning);
  const std::weak_ptr<Job> weak_job(job);
  const std::weak_ptr<HelperToken> weak_token(token);
  // By both clocks: one that is set back does not make a loan last longer.
  const Timer::Task at_end = deps_.timer.AtOrAfter(end, end - now, [this, weak_job, weak_token] {
    Discard(weak_job, weak_token, "expired", nullptr);
  });
  const Timer::Task at_warning =
      deps_.timer.AtOrAfter(warning, warning - now, [this, weak_job, weak_token] {
        const JobPtr job = weak_job.lock();
        const HelperTokenPtr token = weak_token.lock();
        if (job != nullptr && token != nullptr) Warn(job, token);
      });
  token->OnRelease([this, at_end, at_warning] {
    deps_.timer.Cancel(at_end);
    deps_.timer.Cancel(at_warning);
  });
}

void LoanEnds::Warn(const JobPtr& job, const HelperTokenPtr& token) {
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
  deps_.changed(job);
}

void LoanEnds::Audit(const JobId& job, const Sid& helper, std::string_view reason) const {
  deps_.audit.Write({"helper_token_discarded",
                     {{"helper_sid", helper.ToString()},
                      {"job", job.ToString()},
                      {"reason", std::string(reason)}}});
}

void LoanEnds::Discard(const std::weak_ptr<Job>& weak_job,
                       const std::weak_ptr<HelperToken>& weak_token, std::string_view reason,
                       const WaitGroupPtr& wait_group) {
  const HelperTokenPtr token = weak_token.lock();
  if (token == nullptr) return;
  token->End();
  const JobPtr job = weak_job.lock();
  if (job == nullptr) return;
  Audit(job->id(), token->identity().user, reason);
  JobChange change;
  change.decide = [token](const JobVersion& newest) {
    return change::DiscardToken(newest, token.get());
  };
  if (wait_group != nullptr) {
    change.done = [wait_group, job](const absl::StatusOr<JobVersion>& result) {
      // Of a job that was purged there is no token any more.
      if (!job->erased()) wait_group->Note(result.status());
    };
  }
  job->Submit(std::move(change));
}

void LoanEnds::DiscardAny(const JobPtr& job, std::string_view reason) {
  auto discarded = std::make_shared<std::optional<Sid>>();
  JobChange change;
  change.decide = [discarded](const JobVersion& newest) -> absl::StatusOr<JobVersion> {
    if (newest.token == nullptr) return newest;
    newest.token->End();
    *discarded = newest.token->identity().user;
    return change::DropToken(newest);
  };
  job->Submit(std::move(change));
  if (*discarded) Audit(job->id(), **discarded, reason);
}

}  // namespace bitsd
