// Cancel and Complete: the two ends of a job, and what is removed with it.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/job_changes.h"
#include "server/job/job_manager.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

/// How long to wait before the end of a job that a store refused is looked at again.
constexpr absl::Duration kEndRetry = absl::Seconds(1);

/// Temporary files the job may still have.
std::vector<TemporaryFile> Leftovers(const JobRecord& record) {
  std::vector<TemporaryFile> files = record.abandoned;
  for (const FileRecord& file : *record.files) {
    if (file.progress.temporary && !file.completed) files.push_back(*file.progress.temporary);
  }
  return files;
}

Hresult CompletionResult(const JobRecord& record) {
  const bool whole = std::all_of(record.files->begin(), record.files->end(),
                                 [](const FileRecord& file) { return file.completed; });
  return whole ? Hresult::kOk : Hresult::kPartialComplete;
}

bool HasFilesToPublish(const JobRecord& record) {
  return std::any_of(record.files->begin(), record.files->end(), [](const FileRecord& file) {
    return file.progress.transferred && !file.completed;
  });
}

/// The lender lent it for the folders of all these.
bool CoversAll(const HelperToken& token, const std::vector<TemporaryFile>& files) {
  const policy::LoanLimits loan = policy::LimitsOf(token.scope(), kTokenLocalFile);
  return std::all_of(files.begin(), files.end(), [&](const TemporaryFile& file) {
    return policy::CheckLoanedFile(loan, file.path).ok();
  });
}

}  // namespace

void JobManager::Cancel(const Caller& caller, const JobId& id, OutcomeDone done) {
  const auto opened = Open(caller, id);
  if (!opened.ok()) return done(opened.status());
  const JobPtr& job = *opened;
  // The change takes the token from the job; what its identity created is removed as that identity.
  struct Decided {
    HelperTokenPtr token;
    bool refused = false;
  };
  auto decided = std::make_shared<Decided>();
  Job::Change change;
  change.decide = [decided](const JobVersion& newest) {
    auto next = change::Cancel(newest);
    *decided = {newest.token, !next.ok()};
    return next;
  };
  change.done = [this, caller, job, decided, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) {
      if (!decided->refused) FinishCancel(job, decided->token);
      return done(result.status());
    }
    Audit(caller, "job_cancelled", job->id());
    CleanUp(job, decided->token, Hresult::kOk, done);
  };
  job->Submit(std::move(change));
}

void JobManager::FinishCancel(const JobPtr& job, const HelperTokenPtr& token) {
  deps_.timer.After(kEndRetry, [this, job, token] {
    if (stopping_) return;
    Job::Change nothing;  // Answered when the store has everything that is in force.
    nothing.decide = [](const JobVersion& newest) { return newest; };
    nothing.done = [this, job, token](const absl::StatusOr<JobVersion>& result) {
      if (!result.ok() && !job->erased()) return FinishCancel(job, token);
      CleanUp(job, token, Hresult::kOk, [](const absl::StatusOr<JobOutcome>&) {});
    };
    job->Submit(std::move(nothing));
  });
}

void JobManager::CleanUp(const JobPtr& job, const HelperTokenPtr& token, Hresult success,
                         OutcomeDone done) {
  const JobRecordPtr record = job->InForce().record;
  CleanupTask task{job->id(), job->owner(), Leftovers(*record), {}};
  if (task.files.empty()) return done(JobOutcome{job->View(), success});
  if (token != nullptr && !token->ended() && CoversAll(*token, task.files)) {
    const auto helper = policy::HelperIdentity(token->identity());
    if (helper.ok()) task.identities.push_back(*helper);
  }
  const auto owner =
      policy::OwnerIdentity(deps_.accounts.Find(job->owner()).get(), job->elevated());
  if (owner.ok()) task.identities.push_back(*owner);
  finished_.BeginCleanup(job->owner(), job->id());
  done = [this, job, done = std::move(done)](const absl::StatusOr<JobOutcome>& outcome) {
    if (finished_.EndCleanup(job->owner(), job->id())) Purge(job->id());
    done(outcome);
  };
  deps_.transfers.StartCleanup(
      std::move(task), [job, record, success, done](std::vector<TemporaryFile> left) {
        const Hresult hresult =
            left.empty() || success != Hresult::kOk ? success : Hresult::kUnableToDeleteFiles;
        if (left == record->abandoned) return done(JobOutcome{job->View(), hresult});
        Job::Change change;
        change.decide = [left = std::move(left)](const JobVersion& newest) {
          return change::LeftBehind(newest, left);
        };
        // The end itself is committed: a store that refuses the list does not undo it.
        change.done = [job, hresult, done](const absl::StatusOr<JobVersion>&) {
          done(JobOutcome{job->View(), hresult});
        };
        job->Submit(std::move(change));
      });
}

void JobManager::Complete(const Caller& caller, const JobId& id, OutcomeDone done) {
  const auto opened = Open(caller, id);
  if (!opened.ok()) return done(opened.status());
  Job::Change change;
  change.decide = change::BeginCompletion;
  change.done = [this, caller, job = *opened, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    Publish(caller, job, done);
  };
  (*opened)->Submit(std::move(change));
}

void JobManager::Publish(const Caller& caller, const JobPtr& job, OutcomeDone done) {
  if (!HasFilesToPublish(*job->InForce().record)) {
    return EndCompletion(caller, job, {}, absl::OkStatus(), std::move(done));
  }
  job->RunCompletion(
      [this, caller, job, done](std::vector<uint32_t> published, const absl::Status& status) {
        EndCompletion(caller, job, std::move(published), status, done);
      });
}

void JobManager::EndCompletion(const Caller& caller, const JobPtr& job,
                               std::vector<uint32_t> published, const absl::Status& status,
                               OutcomeDone done) {
  auto token = std::make_shared<HelperTokenPtr>();
  Job::Change change;
  change.decide = [published, status, token](const JobVersion& newest) {
    *token = newest.token;
    return change::EndCompletion(newest, published, status);
  };
  change.done = [this, caller, job, published, status, token,
                 done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) {
      // The files are in place: the store must learn it, though the caller need not wait.
      deps_.timer.After(kEndRetry, [this, caller, job, published, status] {
        if (stopping_ || job->erased()) return;
        EndCompletion(caller, job, published, status, [](const absl::StatusOr<JobOutcome>&) {});
      });
      return done(result.status());
    }
    if (!status.ok()) return done(status);
    Audit(caller, "job_completed", job->id());
    CleanUp(job, *token, CompletionResult(*result->record), done);
  };
  job->Submit(std::move(change));
}

}  // namespace bitsd
