// Calls that create and change jobs.

#include <openssl/sha.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/calls/job_manager.h"
#include "server/job/changes/job_changes.h"
#include "server/job/changes/network_changes.h"
#include "server/job/service/view_of.h"
#include "server/policy/connection_settings.h"
#include "server/policy/credential_rules.h"
#include "server/policy/job_access.h"
#include "server/policy/local_names.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

/// Tells requests apart: a digest of fields with their lengths, so that no two look the same.
std::string Fingerprint(const std::vector<std::string_view>& fields) {
  std::string text;
  for (std::string_view field : fields) {
    absl::StrAppend(&text, field.size(), ":", absl::string_view(field.data(), field.size()));
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string Fingerprint(const JobId& id, const std::vector<NewFile>& files) {
  const std::string job = id.ToString();
  std::vector<std::string_view> fields = {"add", job};
  for (const NewFile& file : files) {
    fields.insert(fields.end(), {file.remote_name, file.local_name});
  }
  return Fingerprint(fields);
}

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

absl::Status MaySteer(const Sid& caller, const JobVersion& job) {
  return policy::MaySteer(caller, job.record->owner, HasOwnCredentials(job.record->network.get()));
}

/// Nobody would open local files now: they are looked at when somebody does.
bool IsForLater(const absl::Status& nobody) {
  const Hresult why = DetailOf(nobody).hresult;
  return why == Hresult::kTokenRequired || why == Hresult::kNotLoggedOn;
}

/// Files that are transferred and wait to be put in place.
bool HasFilesInWait(const JobRecord& record) {
  return std::any_of(record.files->begin(), record.files->end(), [](const FileRecord& file) {
    return file.progress.transferred && !file.completed && file.progress.temporary;
  });
}

absl::StatusOr<JobVersion> AddedFiles(const Sid& caller, const JobVersion& job,
                                      const std::vector<NewFile>& files, size_t room) {
  if (absl::Status s = MaySteer(caller, job); !s.ok()) return s;
  return change::AddFiles(job, files, room);
}

}  // namespace

void JobManager::CreateJob(const Caller& caller, NewJob job, JobDone done) {
  if (absl::Status s = CheckNewJob(job); !s.ok()) return done(s);
  const std::string fingerprint = Fingerprint({"create", job.display_name, job.description,
                                               absl::StrCat(static_cast<int>(job.priority)),
                                               absl::StrCat(static_cast<int>(job.type))});
  done = ledger_.Begin(caller.token->user, job.request_id, fingerprint,
                       Checked(caller, std::move(done)));
  if (done == nullptr) return;
  JobRecordPtr record = NewRecord(caller, job, deps_.clock.Now());
  const absl::Status place = table_.Reserve(record->owner, record->id, CurrentOptions()->limits,
                                            policy::IsExemptFromLimits(*caller.token));
  if (!place.ok()) return done(place);
  StoreChange change;
  change.put = record;
  if (!job.request_id.empty()) {
    change.request = RequestRecord{record->owner, job.request_id, fingerprint, record,
                                   record->creation + RequestLedger::kMemory};
  }
  deps_.store.Commit({std::move(change)}, [this, caller, record, done](const absl::Status& status) {
    if (!status.ok()) {
      table_.Retire(record->owner, record->id);
      return done(status);
    }
    auto created = std::make_shared<Job>(environment_, record);
    table_.Insert(created);
    Audit(caller, "job_created", record->id, {{"elevated", record->elevated ? "true" : "false"}});
    OnChanged(created);
    done(ViewFor(caller, *created));
  });
}

absl::StatusOr<JobView> JobManager::GetJob(const Caller& caller, const JobId& id) {
  const auto job = Open(caller, id);
  if (!job.ok()) return job.status();
  return ViewFor(caller, **job);
}

void JobManager::SubmitCall(const Caller& caller, const JobId& id, std::string_view event,
                            JobChange change, JobDone done) {
  const auto job = Open(caller, id);
  if (!job.ok()) return done(job.status());
  change.done = [this, caller, event, job = *job, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    Audit(caller, event, job->id());
    done(ViewFor(caller, *job));
  };
  (*job)->Submit(std::move(change));
}

void JobManager::UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done) {
  if (absl::Status s = CheckUpdate(update); !s.ok()) return done(s);
  JobChange change;
  change.expected_revision = update.expected_revision;
  change.decide = [update = std::move(update),
                   user = caller.token->user](const JobVersion& job) -> absl::StatusOr<JobVersion> {
    const bool steers = update.proxy || update.security_flags;
    const absl::Status may = steers ? MaySteer(user, job) : absl::OkStatus();
    return may.ok() ? change::Update(job, update) : may;
  };
  SubmitCall(caller, id, "job_updated", std::move(change), std::move(done));
}

void JobManager::Suspend(const Caller& caller, const JobId& id, JobDone done) {
  JobChange change;
  change.decide = change::Suspend;
  change.after_completion = true;
  SubmitCall(caller, id, "job_suspended", std::move(change), std::move(done));
}

void JobManager::Resume(const Caller& caller, const JobId& id, JobDone done) {
  const auto job = Open(caller, id);
  if (!job.ok()) return done(job.status());
  LookForLost(*job, [this, caller, id, done](const change::LostFiles& lost) {
    JobChange change;
    change.decide = [lost](const JobVersion& newest) { return change::Resume(newest, lost); };
    change.after_completion = true;
    SubmitCall(caller, id, "job_resumed", std::move(change), done);
  });
}

void JobManager::LookForLost(const JobPtr& job,
                             const std::function<void(change::LostFiles)>& done) {
  Settle(job, [this, job, done](const absl::StatusOr<JobVersion>& settled) {
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
      return deps_.transfers.StartLook(
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

void JobManager::Settle(const JobPtr& job, std::function<void(absl::StatusOr<JobVersion>)> done) {
  JobChange nothing;
  nothing.decide = [](const JobVersion& newest) { return newest; };
  nothing.after_completion = true;
  nothing.done = std::move(done);
  job->Submit(std::move(nothing));
}

absl::Status JobManager::CheckNames(const std::vector<NewFile>& files) const {
  if (files.empty()) return error::InvalidArgument("files is empty: name at least one");
  for (const NewFile& file : files) {
    absl::Status status = policy::CheckRemoteName(file.remote_name, CurrentOptions()->remote);
    if (status.ok()) status = policy::CheckDestination(file.local_name);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void JobManager::AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                          const std::string& request_id, JobDone done) {
  const auto opened = Open(caller, id);
  if (!opened.ok()) return done(opened.status());
  if (absl::Status s = CheckNames(files); !s.ok()) return done(s);
  RequestRecord request{caller.token->user, request_id, Fingerprint(id, files), nullptr,
                        deps_.clock.Now() + RequestLedger::kMemory};
  done = ledger_.Begin(caller.token->user, request_id, request.fingerprint, std::move(done));
  if (done == nullptr) return;
  CheckFiles(caller, *opened, std::make_shared<const std::vector<NewFile>>(std::move(files)),
             request, done);
}

void JobManager::CheckFiles(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                            const RequestRecord& request, const JobDone& done) {
  // What is refused anyhow waits for nothing, and without room no folder need be looked at.
  const std::shared_ptr<const Account> owner = deps_.accounts.Find(job->owner());
  absl::Status status =
      AddedFiles(caller.token->user, job->InForce(), *files, RoomFor(caller)).status();
  if (status.ok()) status = policy::OwnerStanding(owner.get(), job->elevated());
  if (status.ok()) status = job->CheckLocalActor();
  if (!status.ok() && !IsForLater(status)) return done(status);
  Settle(job, [this, caller, job, files, request, done](const absl::StatusOr<JobVersion>& now) {
    if (!now.ok()) return done(now.status());
    CheckFolders(caller, job, files, request, done);
  });
}

size_t JobManager::RoomFor(const Caller& caller) const {
  return policy::IsExemptFromLimits(*caller.token) ? SIZE_MAX
                                                   : CurrentOptions()->limits.files_per_job;
}

void JobManager::CheckFolders(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                              const RequestRecord& request, const JobDone& done) {
  const auto add = [this, caller, job, files, request, done] {
    AddCheckedFiles(caller, job, *files, request, done);
  };
  LocalWork check;
  check.start = [this, job, files, add, done](const ActingIdentity& who,
                                              const policy::LoanLimits& loan,
                                              std::function<void()> ended) {
    const auto answer = [add, done, ended = std::move(ended)](const absl::Status& status) {
      ended();
      status.ok() ? add() : done(status);
    };
    return StartCheck(*job, *files, who, loan, answer);
  };
  check.not_done = [=, this](const absl::Status& nobody) {
    if (nobody.ok()) return CheckFiles(caller, job, files, request, done);
    IsForLater(nobody) ? add() : done(nobody);
  };
  job->RunLocalWork(std::move(check));
}

std::unique_ptr<Activity> JobManager::StartCheck(const Job& job, const std::vector<NewFile>& files,
                                                 const ActingIdentity& who,
                                                 const policy::LoanLimits& loan,
                                                 const std::function<void(absl::Status)>& done) {
  std::set<std::string> folders;
  for (const NewFile& file : files) {
    if (absl::Status lent = policy::CheckLoanedFile(loan, file.local_name); !lent.ok()) {
      done(lent);
      return nullptr;
    }
    folders.insert(policy::DirectoryOf(file.local_name));
  }
  CheckTask task{job.id(), job.owner(), who, {folders.begin(), folders.end()}};
  for (const NewFile& file : files) task.destinations.push_back(file.local_name);
  return deps_.transfers.StartCheck(std::move(task), done);
}

void JobManager::AddCheckedFiles(const Caller& caller, const JobPtr& job,
                                 std::vector<NewFile> files, RequestRecord request, JobDone done) {
  const size_t count = files.size();
  JobChange change;
  change.after_completion = true;
  change.decide = [files = std::move(files), room = RoomFor(caller), user = caller.token->user](
                      const JobVersion& newest) { return AddedFiles(user, newest, files, room); };
  if (!request.request_id.empty()) {
    change.request = [request = std::move(request)](const JobRecordPtr& record) {
      RequestRecord answered = request;
      answered.answer = WithoutSecrets(record);
      return answered;
    };
  }
  change.done = [this, caller, job, count, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    Audit(caller, "files_added", job->id(), {{"count", absl::StrCat(count)}});
    done(ViewFor(caller, *job));
  };
  job->Submit(std::move(change));
}

}  // namespace bitsd
