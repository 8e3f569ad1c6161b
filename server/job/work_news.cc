// What the main work of a job tells: each becomes a change, or is shown.

#include <utility>

#include "server/job/changes/transfer_changes.h"
#include "server/job/job_work.h"
#include "server/job/service/view_of.h"

namespace bitsd {
namespace {

/// Whose token and which settings a transfer goes out with.
bool ShowsTheSame(const JobVersion& one, const JobVersion& other) {
  return one.token == other.token && one.record->token_flags == other.record->token_flags &&
         one.record->network == other.record->network;
}

}  // namespace

void JobWork::OnPhase(bool transferring) {
  core_.Locked([&](Deferred& deferred) {
    if (shown_.SetPhase(transferring)) core_.Changed(deferred);
  });
}

void JobWork::OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) {
  JobChange change;
  change.decide = [news = std::move(news)](const JobVersion& newest) {
    return change::FilesProgressed(newest, news);
  };
  if (recorded != nullptr) {
    change.done = [recorded = std::move(recorded)](const absl::StatusOr<JobVersion>& result) {
      recorded(result.ok());
    };
  }
  change.is_progress = true;
  changes_.Submit(std::move(change));
}

void JobWork::OnDone() {
  OnEnded([this](const JobVersion& newest) {
    return change::AllTransferred(newest, core_.environment().clock.Now());
  });
}

void JobWork::OnFailed(TransferFailure failure) {
  bool gained = false;
  bool stopping = false;
  JobVersion blamed;
  core_.Locked([&](Deferred&) {
    blamed = changes_.InForce();
    const FileRecords& files = *changes_.Newest().record->files;
    gained = shown_.HasGained(ViewOf(blamed.record, files, shown_.progress()).bytes_transferred);
    stopping = run_ != nullptr && run_->stopping;
  });
  OnEnded([=, this, failure = std::move(failure)](const JobVersion& newest) {
    // What came in the place of what failed is not to blame: the work begins again with it.
    if (stopping || !ShowsTheSame(blamed, newest)) return absl::StatusOr<JobVersion>(newest);
    return change::Failed(newest, failure, gained, core_.environment().clock.Now());
  });
}

void JobWork::OnPublished(std::vector<PlacedFile> indexes, absl::Status status) {
  core_.Locked([&](Deferred& deferred) {
    if (absl::IsCancelled(status)) status = WhyNotCompleted();
    deferred.push_back([done = std::move(*completion_), indexes = std::move(indexes),
                        status = std::move(status)] { done(indexes, status); });
    completion_.reset();
    if (run_ != nullptr) run_->ended = true;
    Evaluate(deferred);
  });
}

void JobWork::OnEnded(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide) {
  core_.Locked([this](Deferred&) {
    if (run_ != nullptr) run_->ended = true;
  });
  changes_.SubmitNews(std::move(decide));
  core_.Locked([this](Deferred& deferred) { Evaluate(deferred); });
}

}  // namespace bitsd
