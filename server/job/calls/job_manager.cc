#include "server/job/calls/job_manager.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/model/record_bounds.h"
#include "server/policy/credential_rules.h"
#include "server/policy/job_access.h"

namespace bitsd {
namespace {

constexpr absl::Duration kSweepInterval = absl::Minutes(1);
/// How often the store forgets requests that have expired.
constexpr absl::Duration kForgetInterval = absl::Hours(1);
/// How often watchers hear of progress: BITS' default minimum notification interval.
constexpr absl::Duration kProgressInterval = absl::Milliseconds(500);

}  // namespace

JobManager::JobManager(Deps deps, Options options)
    : deps_(deps),
      options_(std::make_shared<const Options>(std::move(options))),
      handles_(deps.clock, steady_, options_->handle_idle),
      ledger_(deps.clock, options_->answers,
              [this](const Sid& caller, const std::string& id) { ForgetRequest(caller, id); }),
      places_(options_->scheduler, steady_, deps.timer),
      environment_{deps.store,
                   deps.transfers,
                   deps.accounts,
                   deps.clock,
                   deps.timer,
                   places_,
                   deps.presence,
                   deps.network,
                   owners_,
                   [this](const JobPtr& job) { OnChanged(job); },
                   [this](const JobRecordPtr& job) { outcomes_.Add(*job); }},
      outcomes_(deps.audit, deps.clock) {
  ScheduleSweep();
  ScheduleProgress();
}

JobManager::~JobManager() = default;

absl::StatusOr<JobManager::JobPtr> JobManager::Open(const Caller& caller, const JobId& id) const {
  JobPtr job = table_.Find(id);
  if (job == nullptr) return Missing(caller, id);
  const absl::Status access = policy::MayOpenJob(*caller.token, job->owner(), job->elevated());
  if (!access.ok()) return access;
  return job;
}

absl::Status JobManager::Missing(const Caller& caller, const JobId& id) const {
  const auto it = set_aside_.find(id);
  if (it != set_aside_.end() && policy::MaySeeSetAside(*caller.token, it->second.owner)) {
    return error::JobSetAside(absl::StrCat(
        "the service's record of job ", id.ToString(), " is damaged (", it->second.why,
        "): it was set aside at ", absl::FormatTime(it->second.found, absl::UTCTimeZone()),
        ", and nothing of it runs; create the job anew, or ask the operator, who has the record "
        "(bitsd --set-aside)"));
  }
  return error::NotFound(absl::StrCat("there is no job ", id.ToString()));
}

JobView JobManager::ViewFor(const Caller& caller, const Job& job) {
  JobView view = job.View();
  if (!policy::MaySeeClientCertificate(caller.token->user, job.owner())) {
    view.client_certificate.reset();
  }
  return view;
}

void JobManager::OnChanged(const JobPtr& job) {
  watchers_.Push(job->id(), job->change_mark());
  if (!IsFinal(job->InForce().record->state)) return;
  // Together: who looks for jobs finds it in one place or in the other.
  Retain(job, CurrentOptions()->retention,
         [this, &job] { return table_.Retire(job->owner(), job->id()); });
}

void JobManager::Retain(const JobPtr& job, absl::Duration time,
                        const std::function<bool()>& leaves) {
  bool finished = false;
  const size_t bytes = sizeof(Job) + BytesOf(*job->InForce().record);
  const auto purged = finished_.Add(job->owner(), job->id(), bytes, CurrentOptions()->finished,
                                    [&] { return finished = leaves(); });
  if (!finished) return;
  deps_.timer.After(time, [this, owner = job->owner(), id = job->id()] {
    if (finished_.Expire(owner, id)) Purge(id);
  });
  for (const JobId& id : purged) Purge(id);
}

void JobManager::Purge(const JobId& id) {
  const JobPtr job = table_.Find(id);
  if (job != nullptr && !job->EndIsStored()) {
    // A restart would find a job that goes on: its files have to be there.
    deps_.timer.After(kEndRetry, [this, id] {
      if (!stopping_) Purge(id);
    });
    return;
  }
  handles_.EndOfJob(id);
  if (job == nullptr) return;
  watchers_.Forget(job->change_mark());
  table_.Erase(id);
  job->Erase();
}

void JobManager::ScheduleSweep() {
  deps_.timer.After(kSweepInterval, [this] {
    handles_.Sweep();
    ledger_.Sweep();
    ForgetRequests();
    if (!stopping_) ScheduleSweep();
  });
}

void JobManager::ForgetRequests() {
  const absl::Time now = steady_.Now();
  if (now - requests_forgotten_ < kForgetInterval) return;
  requests_forgotten_ = now;
  StoreChange change;
  change.forget_requests = deps_.clock.Now();
  // A store that refuses keeps them an hour longer.
  deps_.store.Commit({std::move(change)}, [](const absl::Status&) {});
}

void JobManager::ForgetRequest(const Sid& caller, const std::string& request_id) {
  StoreChange change;
  change.erase_request = {caller, request_id};
  // A store that refuses keeps it for the rest of its 24 hours.
  deps_.store.Commit({std::move(change)}, [](const absl::Status&) {});
}

void JobManager::ScheduleProgress() {
  deps_.timer.After(kProgressInterval, [this] {
    if (!watchers_.empty()) {
      for (const JobPtr& job : table_.All()) {
        if (job->HasNewProgress()) watchers_.Push(job->id(), job->change_mark());
      }
    }
    if (!stopping_) ScheduleProgress();
  });
}

void JobManager::Shutdown(std::function<void()> stopped) {
  stopping_ = true;
  const std::vector<JobPtr> jobs = table_.All();
  auto all = std::shared_ptr<void>(nullptr, [stopped = std::move(stopped)](void*) { stopped(); });
  for (const JobPtr& job : jobs) job->Shutdown([all] {});
}

void JobManager::Audit(const Caller& caller, std::string_view event, const JobId& job,
                       std::vector<std::pair<std::string_view, std::string>> more) const {
  AuditEvent entry{event, {{"caller_sid", caller.token->user.ToString()}, {"job", job.ToString()}}};
  for (auto& field : more) entry.fields.push_back(std::move(field));
  deps_.audit.Write(std::move(entry));
}

}  // namespace bitsd
