#include "server/job/calls/job_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {

JobTable::JobStripe& JobTable::StripeOf(const JobId& id) { return jobs_[StripeNumber(id)]; }
const JobTable::JobStripe& JobTable::StripeOf(const JobId& id) const {
  return jobs_[StripeNumber(id)];
}
JobTable::OwnerStripe& JobTable::StripeOf(const Sid& owner) { return owners_[StripeNumber(owner)]; }
const JobTable::OwnerStripe& JobTable::StripeOf(const Sid& owner) const {
  return owners_[StripeNumber(owner)];
}

bool JobTable::CountOne(size_t limit) {
  size_t count = counted_.load();
  while (count < limit) {
    if (counted_.compare_exchange_weak(count, count + 1)) return true;
  }
  return false;
}

absl::Status JobTable::Reserve(const Sid& owner, const JobId& id, const policy::JobLimits& limits,
                               bool exempt) {
  OwnerStripe& stripe = StripeOf(owner);
  std::lock_guard lock(stripe.mutex);
  const auto known = stripe.jobs.find(owner);
  const size_t count = known == stripe.jobs.end() ? 0 : known->second.count;
  if (!exempt && count >= limits.jobs_per_user) {
    return error::TooManyJobsPerUser(absl::StrCat(
        "you have ", count, " unfinished jobs and may have ", limits.jobs_per_user,
        " (limits.jobs_per_user): complete or cancel some, or put more files into one job"));
  }
  if (!exempt && !CountOne(limits.jobs_per_machine)) {
    return error::TooManyJobsPerMachine(absl::StrCat(
        "the service has ", counted_.load(), " unfinished jobs and may have ",
        limits.jobs_per_machine,
        " (limits.jobs_per_machine): complete or cancel some of yours, or try again later"));
  }
  stripe.jobs[owner].Add(id, exempt);
  return absl::OkStatus();
}

void JobTable::Readmit(const Sid& owner, const JobId& id, bool exempt) {
  if (!exempt) ++counted_;
  OwnerStripe& stripe = StripeOf(owner);
  std::lock_guard lock(stripe.mutex);
  stripe.jobs[owner].Add(id, exempt);
}

bool JobTable::Retire(const Sid& owner, const JobId& id) {
  OwnerStripe& stripe = StripeOf(owner);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.jobs.find(owner);
  if (it == stripe.jobs.end()) return false;
  OwnerJobs& jobs = it->second;
  const auto job = jobs.counted.find(id);
  if (job == jobs.counted.end()) return false;
  if (job->second) {
    --jobs.count;
    --counted_;
  }
  jobs.counted.erase(job);
  if (jobs.counted.empty()) stripe.jobs.erase(it);
  return true;
}

void JobTable::Insert(std::shared_ptr<Job> job) {
  JobStripe& stripe = StripeOf(job->id());
  std::lock_guard lock(stripe.mutex);
  stripe.jobs.insert(std::move(job));
}

std::shared_ptr<Job> JobTable::Find(const JobId& id) const {
  const JobStripe& stripe = StripeOf(id);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.jobs.find(id);
  return it == stripe.jobs.end() ? nullptr : *it;
}

void JobTable::Erase(const JobId& id) {
  std::shared_ptr<Job> erased;  // Destroyed after the lock.
  JobStripe& stripe = StripeOf(id);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.jobs.find(id);
  if (it == stripe.jobs.end()) return;
  erased = *it;
  stripe.jobs.erase(it);
}

std::vector<std::shared_ptr<Job>> JobTable::OfOwner(const Sid& owner) const {
  std::vector<JobId> ids;
  {
    const OwnerStripe& stripe = StripeOf(owner);
    std::lock_guard lock(stripe.mutex);
    const auto it = stripe.jobs.find(owner);
    if (it != stripe.jobs.end()) {
      for (const auto& [id, counted] : it->second.counted) ids.push_back(id);
    }
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
    jobs.insert(jobs.end(), stripe.jobs.begin(), stripe.jobs.end());
  }
  return jobs;
}

}  // namespace bitsd
