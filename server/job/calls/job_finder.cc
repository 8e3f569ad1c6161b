#include "server/job/calls/job_finder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/error/errors.h"
#include "server/policy/credential_rules.h"
#include "server/policy/job_access.h"

namespace bitsd {
namespace {

bool MaySee(const AccessToken& caller, const SetAside& what) {
  // A session or an answer is nobody's but who made it.
  const std::optional<bool> elevated = what.table == "jobs" ? what.elevated : false;
  return policy::MaySeeSetAside(caller, what.owner, elevated);
}

}  // namespace

absl::StatusOr<JobPtr> JobFinder::Open(const Caller& caller, const JobId& id) const {
  JobPtr job = table_.Find(id);
  if (job == nullptr) return Missing(caller, id);
  const absl::Status access = policy::MayOpenJob(*caller.token, job->owner(), job->elevated());
  if (!access.ok()) return access;
  return job;
}

absl::StatusOr<JobPtr> JobFinder::OpenOwn(const Caller& caller, const JobId& id) const {
  auto job = Open(caller, id);
  if (!job.ok()) return job;
  const absl::Status own = policy::MaySetCredentials(caller.token->user, (*job)->owner());
  if (!own.ok()) return own;
  return job;
}

std::vector<JobPtr> JobFinder::Visible(const Caller& caller, bool all_users) const {
  std::vector<JobPtr> jobs = all_users ? table_.All() : table_.OfOwner(caller.token->user);
  std::erase_if(jobs, [&](const JobPtr& job) {
    return !policy::MayOpenJob(*caller.token, job->owner(), job->elevated()).ok();
  });
  return jobs;
}

void JobFinder::AddSetAside(SetAside found) {
  if (found.table == "jobs" && found.job) set_aside_jobs_[*found.job] = set_aside_.size();
  set_aside_.push_back(std::move(found));
}

size_t JobFinder::SetAsideFor(const Caller& caller) const {
  return static_cast<size_t>(
      std::count_if(set_aside_.begin(), set_aside_.end(),
                    [&](const SetAside& one) { return MaySee(*caller.token, one); }));
}

absl::Status JobFinder::Missing(const Caller& caller, const JobId& id) const {
  const auto it = set_aside_jobs_.find(id);
  if (it != set_aside_jobs_.end() && MaySee(*caller.token, set_aside_[it->second])) {
    const SetAside& what = set_aside_[it->second];
    return error::JobSetAside(absl::StrCat(
        "the service's record of job ", id.ToString(), " is damaged (", what.why,
        "): it was set aside at ", absl::FormatTime(what.found, absl::UTCTimeZone()),
        ", and nothing of it runs; create the job anew, or ask the operator, who has the record "
        "(bitsd --set-aside)"));
  }
  return error::NotFound(absl::StrCat("there is no job ", id.ToString()));
}

absl::Status MaySteer(const Sid& caller, const JobVersion& job) {
  return policy::MaySteer(caller, job.record->owner, HasOwnCredentials(job.record->network.get()));
}

JobView ViewFor(const Caller& caller, const Job& job) {
  JobView view = job.View();
  if (!policy::MaySeeClientCertificate(caller.token->user, job.owner())) {
    view.client_certificate.reset();
  }
  return view;
}

}  // namespace bitsd
