#include "server/job/job_table.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {

JobTable::JobStripe& JobTable::StripeOf(const JobId& id) {
  return jobs_[absl::HashOf(id) % kStripes];
}
const JobTable::JobStripe& JobTable::StripeOf(const JobId& id) const {
  return jobs_[absl::HashOf(id) % kStripes];
}
JobTable::OwnerStripe& JobTable::StripeOf(const Sid& owner) {
  return owners_[absl::HashOf(owner) % kStripes];
}
const JobTable::OwnerStripe& JobTable::StripeOf(const Sid& owner) const {
  return owners_[absl::HashOf(owner) % kStripes];
}

absl::Status JobTable::Reserve(const Sid& owner, const JobId& id, const policy::JobLimits& limits,
                               bool exempt) {
  OwnerStripe& stripe = StripeOf(owner);
  std::lock_guard lock(stripe.mutex);
  auto& jobs = stripe.jobs[owner];
  if (!exempt && jobs.size() >= limits.jobs_per_user) {
    return error::TooManyJobsPerUser(
        absl::StrCat("you have ", jobs.size(), " unfinished jobs: complete or cancel some"));
  }
  if (unfinished_.fetch_add(1) >= limits.jobs_per_machine && !exempt) {
    unfinished_.fetch_sub(1);
    return error::TooManyJobsPerMachine(absl::StrCat("the service has ", limits.jobs_per_machine,
                                                     " unfinished jobs: try again later"));
  }
  jobs.insert(id);
  return absl::OkStatus();
}

bool JobTable::Retire(const Sid& owner, const JobId& id) {
  OwnerStripe& stripe = StripeOf(owner);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.jobs.find(owner);
  if (it == stripe.jobs.end() || it->second.erase(id) == 0) return false;
  if (it->second.empty()) stripe.jobs.erase(it);
  unfinished_.fetch_sub(1);
  return true;
}

void JobTable::Insert(std::shared_ptr<Job> job) {
  JobStripe& stripe = StripeOf(job->id());
  std::lock_guard lock(stripe.mutex);
  const JobId id = job->id();
  stripe.jobs.emplace(id, std::move(job));
}

std::shared_ptr<Job> JobTable::Find(const JobId& id) const {
  const JobStripe& stripe = StripeOf(id);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.jobs.find(id);
  return it == stripe.jobs.end() ? nullptr : it->second;
}

void JobTable::Erase(const JobId& id) {
  std::shared_ptr<Job> erased;  // Destroyed after the lock.
  JobStripe& stripe = StripeOf(id);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.jobs.find(id);
  if (it == stripe.jobs.end()) return;
  erased = std::move(it->second);
  stripe.jobs.erase(it);
}

std::vector<std::shared_ptr<Job>> JobTable::OfOwner(const Sid& owner) const {
  std::vector<JobId> ids;
  {
    const OwnerStripe& stripe = StripeOf(owner);
    std::lock_guard lock(stripe.mutex);
    const auto it = stripe.jobs.find(owner);
    if (it != stripe.jobs.end()) ids.assign(it->second.begin(), it->second.end());
  }
  std::vector<std::shared_ptr<Job>> jobs;
  for (const JobId& id : ids) {
    if (auto job = Find(id)) jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<std::shared_ptr<Job>> JobTable::All() const {
  std::vector<std::shared_ptr<Job>> jobs;
  for (const JobStripe& stripe : jobs_) {
    std::lock_guard lock(stripe.mutex);
    for (const auto& [id, job] : stripe.jobs) jobs.push_back(job);
  }
  return jobs;
}

}  // namespace bitsd
