// Cancel and Complete: the two ends of a job, and what is removed with it.

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/job/calls/job_manager.h"
#include "server/job/changes/job_changes.h"
#include "server/job/changes/transfer_changes.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

/// Temporary files the job may still have.
std::vector<TemporaryFile> Leftovers(const JobRecord& record) {
  std::vector<TemporaryFile> files = record.abandoned;
  // After a cleanup in vain a file's may be among those already. Their names are random.
  std::unordered_set<std::string> known;
  for (const TemporaryFile& file : files) known.insert(file.path);
  for (const FileRecord& file : *record.files) {
    const auto& temporary = file.progress.temporary;
    if (!temporary || file.completed || !known.insert(temporary->path).second) continue;
    files.push_back(*temporary);
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
  if (!policy::CheckScopeFlags(token.scope().get(), kTokenLocalFile).ok()) return false;
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
  JobChange change;
  change.decide = [decided](const JobVersion& newest) {
    auto next = change::Cancel(newest);
    *decided = {newest.token, !next.ok()};
    return next;
  };
  change.done = [this, caller, job, decided, done](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) {
      if (!decided->refused) FinishCancel(job);
      return done(result.status());
    }
    Audit(caller, "job_cancelled", job->id());
    CleanUp(job, decided->token, Hresult::kOk, done);
  };
  job->Submit(std::move(change));
}

/// As the owner: the helper's identity was withdrawn by the call, and that has returned.
void JobManager::FinishCancel(const JobPtr& job) {
  deps_.timer.After(kEndRetry, [this, job] {
    if (stopping_) return;
    Settle(job, [this, job](const absl::StatusOr<JobVersion>& result) {
      if (!result.ok() && !job->erased()) return FinishCancel(job);
      CleanUp(job, nullptr, Hresult::kOk, [](const absl::StatusOr<JobOutcome>&) {});
    });
  });
}

void JobManager::CleanUp(const JobPtr& job, const HelperTokenPtr& token, Hresult success,
                         OutcomeDone done) {
  auto cleanup = std::make_shared<Cleanup>();
  cleanup->record = job->InForce().record;
  cleanup->token = token;
  cleanup->success = success;
  cleanup->untried = Leftovers(*cleanup->record);
  cleanup->done = std::move(done);
  if (cleanup->untried.empty()) return cleanup->done(JobOutcome{job->View(), success});
  finished_.BeginCleanup(job->owner(), job->id());
  cleanup->done = [this, job,
                   answer = std::move(cleanup->done)](const absl::StatusOr<JobOutcome>& outcome) {
    if (finished_.EndCleanup(job->owner(), job->id())) Purge(job->id());
    answer(outcome);
  };
  RemoveUntried(job, cleanup);
}

/// As whoever is still at hand: when that changes it stops, and goes on with the rest.
void JobManager::RemoveUntried(const JobPtr& job, const std::shared_ptr<Cleanup>& cleanup) {
  CleanupTask task{job->id(), job->owner(), std::exchange(cleanup->untried, {}), {}};
  HelperTokenPtr token = cleanup->token;
  if (token != nullptr && (token->ended() || !CoversAll(*token, task.files))) token = nullptr;
  if (token != nullptr) {
    const auto helper = policy::HelperIdentity(token->identity());
    if (helper.ok()) task.identities.push_back(*helper);
  }
  const std::shared_ptr<const Account> owner = deps_.accounts.Find(job->owner());
  const auto owner_side = policy::OwnerIdentity(owner.get(), job->elevated());
  if (owner_side.ok()) task.identities.push_back(*owner_side);
  SideWork beside;
  beside.is_right = [this, token, owner](const JobVersion& job_now) {
    if (token != nullptr && token->ended()) return false;
    return owner == nullptr ||
           !WhatChanged(*owner, deps_.accounts.Find(job_now.record->owner).get());
  };
  beside.interrupted = [this, job, cleanup, files = task.files] {
    cleanup->untried = files;
    if (!stopping_) RemoveUntried(job, cleanup);
  };
  beside.start = [this, job, cleanup, task = std::move(task)](std::function<void()> ended) {
    return deps_.transfers.StartCleanup(
        task, [this, job, cleanup, ended = std::move(ended)](std::vector<TemporaryFile> left,
                                                             std::vector<TemporaryFile> untried) {
          ended();
          auto& all = cleanup->left;
          all.insert(all.end(), left.begin(), left.end());
          cleanup->untried = std::move(untried);
          if (cleanup->untried.empty()) return EndCleanUp(job, *cleanup);
          // What is left when bitsd ends is removed at its next start.
          if (!stopping_) RemoveUntried(job, cleanup);
        });
  };
  job->RunBeside(std::move(beside));
}

void JobManager::EndCleanUp(const JobPtr& job, const Cleanup& cleanup) {
  const bool failed = !cleanup.left.empty() && cleanup.success == Hresult::kOk;
  const Hresult hresult = failed ? Hresult::kUnableToDeleteFiles : cleanup.success;
  if (cleanup.left == cleanup.record->abandoned) {
    return cleanup.done(JobOutcome{job->View(), hresult});
  }
  JobChange change;
  change.decide = [left = cleanup.left](const JobVersion& newest) {
    return change::LeftBehind(newest, left);
  };
  // The end itself is committed: a store that refuses the list does not undo it.
  change.done = [job, hresult, done = cleanup.done](const absl::StatusOr<JobVersion>&) {
    done(JobOutcome{job->View(), hresult});
  };
  job->Submit(std::move(change));
}

void JobManager::Complete(const Caller& caller, const JobId& id, OutcomeDone done) {
  const auto opened = Open(caller, id);
  if (!opened.ok()) return done(opened.status());
  const JobPtr& job = *opened;
  // A repeat gets the answer of the first.
  if (!job->AwaitCompletion(std::move(done))) return;
  JobChange change;
  change.decide = change::BeginCompletion;
  change.after_completion = true;
  change.done = [this, caller, job](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return job->AnswerCompletion(result.status());
    Publish(caller, job,
            [job](const absl::StatusOr<JobOutcome>& outcome) { job->AnswerCompletion(outcome); });
  };
  job->Submit(std::move(change));
}

void JobManager::Publish(const Caller& caller, const JobPtr& job, OutcomeDone done) {
  if (!HasFilesToPublish(*job->InForce().record)) {
    return EndCompletion(caller, job, {}, absl::OkStatus(), std::move(done));
  }
  job->RunCompletion(
      [this, caller, job, done](std::vector<PlacedFile> published, const absl::Status& status) {
        EndCompletion(caller, job, std::move(published), status, done);
      });
}

void JobManager::EndCompletion(const Caller& caller, const JobPtr& job,
                               std::vector<PlacedFile> published, const absl::Status& status,
                               OutcomeDone done) {
  auto token = std::make_shared<HelperTokenPtr>();
  JobChange change;
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
    // Cancelled in between: what is in place stays there.
    if (result->record->state != JobState::kAcknowledged) {
      return done(change::NotFinal(*result->record));
    }
    Audit(caller, "job_completed", job->id());
    CleanUp(job, *token, CompletionResult(*result->record), done);
  };
  job->Submit(std::move(change));
}

}  // namespace bitsd
