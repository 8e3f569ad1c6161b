// The end of a loan: announced, run out, or taken away with what the token hung on.

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "server/job/calls/job_manager.h"
#include "server/job/changes/job_changes.h"
#include "server/policy/session_rules.h"

namespace bitsd {

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

void JobManager::AuditDiscard(const JobId& job, const Sid& helper, std::string_view reason) const {
  deps_.audit.Write({"helper_token_discarded",
                     {{"helper_sid", helper.ToString()},
                      {"job", job.ToString()},
                      {"reason", std::string(reason)}}});
}

void JobManager::DiscardToken(const std::weak_ptr<Job>& weak_job,
                              const std::weak_ptr<HelperToken>& weak_token, std::string_view reason,
                              const WaitGroupPtr& wait_group) {
  const HelperTokenPtr token = weak_token.lock();
  if (token == nullptr) return;
  token->End();
  const JobPtr job = weak_job.lock();
  if (job == nullptr) return;
  AuditDiscard(job->id(), token->identity().user, reason);
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

void JobManager::DiscardAnyToken(const JobPtr& job, std::string_view reason) {
  auto discarded = std::make_shared<std::optional<Sid>>();
  JobChange change;
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
