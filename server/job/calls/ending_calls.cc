#include "server/job/calls/ending_calls.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/error/hresult.h"
#include "server/job/calls/call_audit.h"
#include "server/job/changes/job_changes.h"

namespace bitsd {
namespace {

/// How long to wait before the end of a job that a store refused is looked at again.
constexpr absl::Duration kEndRetry = absl::Seconds(1);

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

}  // namespace

void EndingCalls::Cancel(const Caller& caller, const JobId& id, Job::OutcomeDone done) {
  const auto opened = deps_.jobs.Open(caller, id);
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
    AuditCall(deps_.audit, caller, "job_cancelled", job->id());
    deps_.cleanup.Run(job, decided->token, Hresult::kOk, done);
  };
  job->Submit(std::move(change));
}

/// As the owner: the helper's identity was withdrawn by the call, and that has returned.
void EndingCalls::FinishCancel(const JobPtr& job) {
  deps_.timer.After(kEndRetry, [this, job] {
    if (deps_.stopping) return;
    job->Settle([this, job](const absl::StatusOr<JobVersion>& result) {
      if (!result.ok() && !job->erased()) return FinishCancel(job);
      deps_.cleanup.Run(job, nullptr, Hresult::kOk, [](const absl::StatusOr<JobOutcome>&) {});
    });
  });
}

void EndingCalls::Complete(const Caller& caller, const JobId& id, Job::OutcomeDone done) {
  const auto opened = deps_.jobs.Open(caller, id);
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

void EndingCalls::Publish(const Caller& caller, const JobPtr& job, Job::OutcomeDone done) {
  if (!HasFilesToPublish(*job->InForce().record)) {
    return EndCompletion(caller, job, {}, absl::OkStatus(), std::move(done));
  }
  job->RunCompletion(
      [this, caller, job, done](std::vector<PlacedFile> published, const absl::Status& status) {
        EndCompletion(caller, job, std::move(published), status, done);
      });
}

void EndingCalls::EndCompletion(const Caller& caller, const JobPtr& job,
                                std::vector<PlacedFile> published, const absl::Status& status,
                                Job::OutcomeDone done) {
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
        if (deps_.stopping || job->erased()) return;
        EndCompletion(caller, job, published, status, [](const absl::StatusOr<JobOutcome>&) {});
      });
      return done(result.status());
    }
    if (!status.ok()) return done(status);
    // Cancelled in between: what is in place stays there.
    if (result->record->state != JobState::kAcknowledged) {
      return done(change::NotFinal(*result->record));
    }
    AuditCall(deps_.audit, caller, "job_completed", job->id());
    deps_.cleanup.Run(job, *token, CompletionResult(*result->record), done);
  };
  job->Submit(std::move(change));
}

}  // namespace bitsd
