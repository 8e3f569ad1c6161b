#include "server/job/calls/file_calls.h"

#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/calls/call_audit.h"
#include "server/job/calls/fingerprint.h"
#include "server/job/changes/job_changes.h"
#include "server/job/service/view_of.h"
#include "server/policy/job_access.h"
#include "server/policy/local_names.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

std::string FingerprintOfFiles(const JobId& id, const std::vector<NewFile>& files) {
  const std::string job = id.ToString();
  std::vector<std::string_view> fields = {"add", job};
  for (const NewFile& file : files) {
    fields.insert(fields.end(), {file.remote_name, file.local_name});
  }
  return FingerprintOf(fields);
}

/// Nobody would open local files now: they are looked at when somebody does.
bool IsForLater(const absl::Status& nobody) {
  const Hresult why = DetailOf(nobody).hresult;
  return why == Hresult::kTokenRequired || why == Hresult::kNotLoggedOn;
}

absl::StatusOr<JobVersion> AddedFiles(const Sid& caller, const JobVersion& job,
                                      const std::vector<NewFile>& files, size_t room) {
  if (absl::Status s = MaySteer(caller, job); !s.ok()) return s;
  return change::AddFiles(job, files, room);
}

}  // namespace

absl::Status FileCalls::CheckNames(const std::vector<NewFile>& files) const {
  if (files.empty()) return error::InvalidArgument("files is empty: name at least one");
  for (const NewFile& file : files) {
    absl::Status status = policy::CheckRemoteName(file.remote_name, deps_.options.Get()->remote);
    if (status.ok()) status = policy::CheckDestination(file.local_name);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void FileCalls::AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                         const std::string& request_id, JobDone done) {
  const auto opened = deps_.jobs.Open(caller, id);
  if (!opened.ok()) return done(opened.status());
  if (absl::Status s = CheckNames(files); !s.ok()) return done(s);
  RequestRecord request{caller.token->user, request_id, FingerprintOfFiles(id, files), nullptr,
                        deps_.clock.Now() + RequestLedger::kMemory};
  done = deps_.ledger.Begin(caller.token->user, request_id, request.fingerprint, std::move(done));
  if (done == nullptr) return;
  CheckFiles(caller, *opened, std::make_shared<const std::vector<NewFile>>(std::move(files)),
             request, done);
}

void FileCalls::CheckFiles(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                           const RequestRecord& request, const JobDone& done) {
  // What is refused anyhow waits for nothing, and without room no folder need be looked at.
  const std::shared_ptr<const Account> owner = deps_.accounts.Find(job->owner());
  absl::Status status =
      AddedFiles(caller.token->user, job->InForce(), *files, RoomFor(caller)).status();
  if (status.ok()) status = policy::OwnerStanding(owner.get(), job->elevated());
  if (status.ok()) status = job->CheckLocalActor();
  if (!status.ok() && !IsForLater(status)) return done(status);
  job->Settle([this, caller, job, files, request, done](const absl::StatusOr<JobVersion>& now) {
    if (!now.ok()) return done(now.status());
    CheckFolders(caller, job, files, request, done);
  });
}

size_t FileCalls::RoomFor(const Caller& caller) const {
  return policy::IsExemptFromLimits(*caller.token) ? SIZE_MAX
                                                   : deps_.options.Get()->limits.files_per_job;
}

void FileCalls::CheckFolders(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                             const RequestRecord& request, const JobDone& done) {
  const auto add = [this, caller, job, files, request, done] {
    AddChecked(caller, job, *files, request, done);
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

std::unique_ptr<Activity> FileCalls::StartCheck(const Job& job, const std::vector<NewFile>& files,
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

void FileCalls::AddChecked(const Caller& caller, const JobPtr& job, std::vector<NewFile> files,
                           RequestRecord request, JobDone done) {
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
    AuditCall(deps_.audit, caller, "files_added", job->id(), {{"count", absl::StrCat(count)}});
    done(ViewFor(caller, *job));
  };
  job->Submit(std::move(change));
}

}  // namespace bitsd
