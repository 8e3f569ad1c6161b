#include "server/job/calls/job_cleanup.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "server/identity/account_changes.h"
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

/// The lender lent it for the folders of all these.
bool CoversAll(const HelperToken& token, const std::vector<TemporaryFile>& files) {
  if (!policy::CheckScopeFlags(token.scope().get(), kTokenLocalFile).ok()) return false;
  const policy::LoanLimits loan = policy::LimitsOf(token.scope(), kTokenLocalFile);
  return std::all_of(files.begin(), files.end(), [&](const TemporaryFile& file) {
    return policy::CheckLoanedFile(loan, file.path).ok();
  });
}

}  // namespace

void JobCleanup::Run(const JobPtr& job, const HelperTokenPtr& token, Hresult success,
                     Job::OutcomeDone done) {
  auto cleanup = std::make_shared<Cleanup>();
  cleanup->record = job->InForce().record;
  cleanup->token = token;
  cleanup->success = success;
  cleanup->untried = Leftovers(*cleanup->record);
  cleanup->done = std::move(done);
  if (cleanup->untried.empty()) return cleanup->done(JobOutcome{job->View(), success});
  deps_.retention.BeginCleanup(*job);
  cleanup->done = [this, job,
                   answer = std::move(cleanup->done)](const absl::StatusOr<JobOutcome>& outcome) {
    deps_.retention.EndCleanup(*job);
    answer(outcome);
  };
  RemoveUntried(job, cleanup);
}

/// As whoever is still at hand: when that changes it stops, and goes on with the rest.
void JobCleanup::RemoveUntried(const JobPtr& job, const std::shared_ptr<Cleanup>& cleanup) {
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
    if (!deps_.stopping) RemoveUntried(job, cleanup);
  };
  beside.start = [this, job, cleanup, task = std::move(task)](std::function<void()> ended) {
    return deps_.transfers.StartCleanup(
        task, [this, job, cleanup, ended = std::move(ended)](std::vector<TemporaryFile> left,
                                                             std::vector<TemporaryFile> untried) {
          ended();
          auto& all = cleanup->left;
          all.insert(all.end(), left.begin(), left.end());
          cleanup->untried = std::move(untried);
          if (cleanup->untried.empty()) return End(job, *cleanup);
          // What is left when bitsd ends is removed at its next start.
          if (!deps_.stopping) RemoveUntried(job, cleanup);
        });
  };
  job->RunBeside(std::move(beside));
}

void JobCleanup::End(const JobPtr& job, const Cleanup& cleanup) {
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

}  // namespace bitsd
