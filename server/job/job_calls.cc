// Calls that create and change jobs.

#include <openssl/sha.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/job_changes.h"
#include "server/job/job_manager.h"
#include "server/job/network_changes.h"
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

absl::Status MaySteer(const Sid& caller, const JobVersion& job) {
  return policy::MaySteer(caller, job.record->owner, HasOwnCredentials(job.record->network.get()));
}

absl::StatusOr<JobVersion> AddedFiles(const Sid& caller, const JobVersion& job,
                                      const std::vector<NewFile>& files, size_t room) {
  if (absl::Status s = MaySteer(caller, job); !s.ok()) return s;
  return change::AddFiles(job, files, room);
}

}  // namespace

void JobManager::CreateJob(const Caller& caller, NewJob job, JobDone done) {
  if (absl::Status s = CheckNewJob(job); !s.ok()) return done(s);
  const std::string fingerprint = Fingerprint(
      {"create", job.display_name, job.description, absl::StrCat(static_cast<int>(job.priority))});
  done = ledger_.Begin(caller.token->user, job.request_id, fingerprint, std::move(done));
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
                            Decide decide, JobDone done) {
  const auto job = Open(caller, id);
  if (!job.ok()) return done(job.status());
  Job::Change change;
  change.decide = std::move(decide);
  change.done = [this, caller, event, job = *job, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    Audit(caller, event, job->id());
    done(ViewFor(caller, *job));
  };
  (*job)->Submit(std::move(change));
}

void JobManager::UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done) {
  if (absl::Status s = CheckUpdate(update); !s.ok()) return done(s);
  SubmitCall(
      caller, id, "job_updated",
      [update = std::move(update),
       user = caller.token->user](const JobVersion& job) -> absl::StatusOr<JobVersion> {
        const bool steers = update.proxy || update.security_flags;
        const absl::Status may = steers ? MaySteer(user, job) : absl::OkStatus();
        return may.ok() ? change::Update(job, update) : may;
      },
      std::move(done));
}

void JobManager::Suspend(const Caller& caller, const JobId& id, JobDone done) {
  SubmitCall(caller, id, "job_suspended", change::Suspend, std::move(done));
}

void JobManager::Resume(const Caller& caller, const JobId& id, JobDone done) {
  SubmitCall(caller, id, "job_resumed", change::Resume, std::move(done));
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

absl::StatusOr<std::optional<ActingIdentity>> JobManager::LocalOpener(
    const Job& job, const std::vector<NewFile>& files) const {
  const JobVersion version = job.InForce();
  const HelperToken* token = version.LiveToken();
  const std::shared_ptr<const Account> owner = deps_.accounts.Find(job.owner());
  if (absl::Status s = policy::OwnerStanding(owner.get(), job.elevated()); !s.ok()) return s;
  const auto side =
      policy::SideFor(policy::Resource::kLocalFile, version.record->token_flags, token != nullptr);
  if (!side.ok()) return std::optional<ActingIdentity>();
  if (*side == policy::Side::kHelper) {
    const policy::LoanLimits loan = policy::LimitsOf(token->scope(), version.record->token_flags);
    for (const NewFile& file : files) {
      if (absl::Status s = policy::CheckLoanedFile(loan, file.local_name); !s.ok()) return s;
    }
  }
  auto identity = *side == policy::Side::kHelper
                      ? policy::HelperIdentity(token->identity())
                      : policy::OwnerIdentity(owner.get(), job.elevated());
  if (!identity.ok()) return identity.status();
  return std::optional(*std::move(identity));
}

void JobManager::AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                          const std::string& request_id, JobDone done) {
  const auto opened = Open(caller, id);
  if (!opened.ok()) return done(opened.status());
  const JobPtr& job = *opened;
  if (absl::Status s = CheckNames(files); !s.ok()) return done(s);
  RequestRecord request{caller.token->user, request_id, Fingerprint(id, files), nullptr,
                        deps_.clock.Now() + RequestLedger::kMemory};
  done = ledger_.Begin(caller.token->user, request_id, request.fingerprint, std::move(done));
  if (done == nullptr) return;
  // Without room the directories need not be looked at.
  const size_t room =
      policy::IsExemptFromLimits(*caller.token) ? SIZE_MAX : CurrentOptions()->limits.files_per_job;
  const auto early = AddedFiles(caller.token->user, job->InForce(), files, room);
  if (!early.ok()) return done(early.status());
  auto opener = LocalOpener(*job, files);
  if (!opener.ok()) return done(opener.status());
  if (!*opener) return AddCheckedFiles(caller, job, std::move(files), std::move(request), done);
  std::set<std::string> directories;
  for (const NewFile& file : files) directories.insert(policy::DirectoryOf(file.local_name));
  deps_.transfers.CheckDirectories(
      **opener, id, {directories.begin(), directories.end()},
      [this, caller, job, files = std::move(files), request = std::move(request),
       done](const absl::Status& status) {
        if (!status.ok()) return done(status);
        AddCheckedFiles(caller, job, files, request, done);
      });
}

void JobManager::AddCheckedFiles(const Caller& caller, const JobPtr& job,
                                 std::vector<NewFile> files, RequestRecord request, JobDone done) {
  const size_t count = files.size();
  const size_t room =
      policy::IsExemptFromLimits(*caller.token) ? SIZE_MAX : CurrentOptions()->limits.files_per_job;
  Job::Change change;
  change.decide = [files = std::move(files), room, user = caller.token->user](
                      const JobVersion& newest) { return AddedFiles(user, newest, files, room); };
  if (!request.request_id.empty()) {
    change.request = [request = std::move(request)](const JobRecordPtr& record) {
      RequestRecord answered = request;
      auto kept = std::make_shared<JobRecord>(*record);
      kept->network = WithoutSecrets(record->network);
      answered.answer = std::move(kept);
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
