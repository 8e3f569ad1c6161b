#include "server/job/calls/job_calls.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/calls/call_audit.h"
#include "server/job/calls/fingerprint.h"
#include "server/policy/connection_settings.h"
#include "server/policy/credential_rules.h"
#include "server/policy/job_access.h"

namespace bitsd {
namespace {

JobRecordPtr NewRecord(const Caller& caller, const NewJob& job, absl::Time now) {
  auto record = std::make_shared<JobRecord>();
  record->id = JobId::Random();
  record->display_name = job.display_name;
  record->description = job.description;
  record->priority = job.priority;
  record->owner = caller.token->user;
  record->elevated = policy::IsElevatedCreation(*caller.token);
  record->creation = now;
  record->modification = now;
  return record;
}

absl::Status CheckNewJob(const NewJob& job) {
  if (job.type != JobType::kDownload) {
    return error::NotImplemented("only download jobs are built: leave type unset");
  }
  if (absl::Status s = policy::CheckDisplayName(job.display_name); !s.ok()) return s;
  return policy::CheckDescription(job.description);
}

absl::Status CheckUpdate(const JobUpdate& update) {
  absl::Status status;
  if (update.display_name) status.Update(policy::CheckDisplayName(*update.display_name));
  if (update.description) status.Update(policy::CheckDescription(*update.description));
  if (update.minimum_retry_delay) {
    status.Update(policy::CheckDuration(*update.minimum_retry_delay));
  }
  if (update.no_progress_timeout) {
    status.Update(policy::CheckDuration(*update.no_progress_timeout));
  }
  if (update.proxy) {
    const ProxyUpdate& proxy = *update.proxy;
    status.Update(policy::CheckProxySettings(proxy.usage, proxy.list, proxy.bypass));
  }
  if (update.security_flags) status.Update(policy::CheckSecurityFlags(*update.security_flags));
  return status;
}

/// A repeat may be made with less rights than the first request: its answer is a job that it reads.
JobService::JobDone Checked(const Caller& caller, JobService::JobDone done) {
  return [token = caller.token, done = std::move(done)](const absl::StatusOr<JobView>& answer) {
    if (!answer.ok()) return done(answer);
    const JobRecord& record = *answer->record;
    const absl::Status may = policy::MayOpenJob(*token, record.owner, record.elevated);
    may.ok() ? done(answer) : done(may);
  };
}

/// Files that are transferred and wait to be put in place.
bool HasFilesInWait(const JobRecord& record) {
  return std::any_of(record.files->begin(), record.files->end(), [](const FileRecord& file) {
    return file.progress.transferred && !file.completed && file.progress.temporary;
  });
}

}  // namespace

void JobCalls::CreateJob(const Caller& caller, NewJob job, JobDone done) {
  if (absl::Status s = CheckNewJob(job); !s.ok()) return done(s);
  const std::string fingerprint = FingerprintOf({"create", job.display_name, job.description,
                                                 absl::StrCat(static_cast<int>(job.priority)),
                                                 absl::StrCat(static_cast<int>(job.type))});
  done = deps_.ledger.Begin(caller.token->user, job.request_id, fingerprint,
                            Checked(caller, std::move(done)));
  if (done == nullptr) return;
  JobRecordPtr record = NewRecord(caller, job, deps_.environment.clock.Now());
  const absl::Status place =
      deps_.table.Reserve(record->owner, record->id, deps_.options.Get()->limits,
                          policy::IsExemptFromLimits(*caller.token));
  if (!place.ok()) return done(place);
  StoreChange change;
  change.put = record;
  if (!job.request_id.empty()) {
    change.request = RequestRecord{record->owner, job.request_id, fingerprint, record,
                                   record->creation + RequestLedger::kMemory};
  }
  deps_.environment.store.Commit({std::move(change)},
                                 [this, caller, record, done](const absl::Status& status) {
                                   if (!status.ok()) {
                                     deps_.table.Retire(record->owner, record->id);
                                     return done(status);
                                   }
                                   auto created = std::make_shared<Job>(deps_.environment, record);
                                   deps_.table.Insert(created);
                                   AuditCall(deps_.audit, caller, "job_created", record->id,
                                             {{"elevated", record->elevated ? "true" : "false"}});
                                   deps_.environment.changed(created);
                                   done(ViewFor(caller, *created));
                                 });
}

absl::StatusOr<JobView> JobCalls::GetJob(const Caller& caller, const JobId& id) {
  const auto job = deps_.jobs.Open(caller, id);
  if (!job.ok()) return job.status();
  return ViewFor(caller, **job);
}

void JobCalls::Submit(const Caller& caller, const JobId& id, std::string_view event,
                      JobChange change, JobDone done) {
  const auto job = deps_.jobs.Open(caller, id);
  if (!job.ok()) return done(job.status());
  change.done = [this, caller, event, job = *job, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    AuditCall(deps_.audit, caller, event, job->id());
    done(ViewFor(caller, *job));
  };
  (*job)->Submit(std::move(change));
}

void JobCalls::UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done) {
  if (absl::Status s = CheckUpdate(update); !s.ok()) return done(s);
  JobChange change;
  change.expected_revision = update.expected_revision;
  change.decide = [update = std::move(update),
                   user = caller.token->user](const JobVersion& job) -> absl::StatusOr<JobVersion> {
    const bool steers = update.proxy || update.security_flags;
    const absl::Status may = steers ? MaySteer(user, job) : absl::OkStatus();
    return may.ok() ? change::Update(job, update) : may;
  };
  Submit(caller, id, "job_updated", std::move(change), std::move(done));
}

void JobCalls::Suspend(const Caller& caller, const JobId& id, JobDone done) {
  JobChange change;
  change.decide = change::Suspend;
  change.after_completion = true;
  Submit(caller, id, "job_suspended", std::move(change), std::move(done));
}

void JobCalls::Resume(const Caller& caller, const JobId& id, JobDone done) {
  const auto job = deps_.jobs.Open(caller, id);
  if (!job.ok()) return done(job.status());
  LookForLost(*job, [this, caller, id, done](const change::LostFiles& lost) {
    JobChange change;
    change.decide = [lost](const JobVersion& newest) { return change::Resume(newest, lost); };
    change.after_completion = true;
    Submit(caller, id, "job_resumed", std::move(change), done);
  });
}

void JobCalls::LookForLost(const JobPtr& job, const std::function<void(change::LostFiles)>& done) {
  job->Settle([this, job, done](const absl::StatusOr<JobVersion>& settled) {
    // The store refuses: it says so of the change itself, too, unless that is refused anyhow.
    if (!settled.ok()) return done(change::LostFiles());
    const JobRecordPtr record = settled->record;
    if (record->state == JobState::kQueued || IsFinal(record->state) || !HasFilesInWait(*record)) {
      return done(change::LostFiles());
    }
    LocalWork look;
    look.start = [this, job, record, done](const ActingIdentity& who,
                                           const policy::LoanLimits& loan,
                                           std::function<void()> ended) {
      return deps_.environment.transfers.StartLook(
          {job->id(), job->owner(), record->files, who, loan},
          [record, done, ended = std::move(ended)](const std::vector<uint32_t>& indexes) {
            ended();
            change::LostFiles lost;
            for (const uint32_t index : indexes) {
              lost.emplace_back(index, *(*record->files)[index].progress.temporary);
            }
            done(std::move(lost));
          });
    };
    look.not_done = [this, job, done](const absl::Status& nobody) {
      // Who cannot look finds nothing lost: Complete, or the transfer, will say what is wrong.
      nobody.ok() ? LookForLost(job, done) : done(change::LostFiles());
    };
    job->RunLocalWork(std::move(look));
  });
}

}  // namespace bitsd
