#include "server/job/job.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>

#include "server/job/acting.h"
#include "server/job/service/view_of.h"

namespace bitsd {

void Job::Settle(std::function<void(absl::StatusOr<JobVersion>)> done) {
  JobChange nothing;
  nothing.decide = [](const JobVersion& newest) { return newest; };
  nothing.after_completion = true;
  nothing.done = std::move(done);
  Submit(std::move(nothing));
}

bool Job::erased() const {
  std::lock_guard lock(mutex_);
  return changes_.erased();
}

JobVersion Job::InForce() const {
  std::lock_guard lock(mutex_);
  return changes_.InForce();
}

bool Job::EndIsStored() const {
  std::lock_guard lock(mutex_);
  return IsFinal(changes_.Stored().state);
}

JobView Job::View() const {
  std::lock_guard lock(mutex_);
  const JobVersion version = changes_.InForce();
  // Files as the news of them says, which may not be in the store yet.
  const FileRecords& files = *changes_.Newest().record->files;
  JobView view = ViewOf(version.record, files, work_.shown().progress());
  const std::optional<JobState>& phase = work_.shown().phase();
  const bool runs = view.state == JobState::kQueued && phase;
  if (runs) view.state = *phase;
  view.waiting_for = WhyStill(*version.record, ObstaclesTo(runs));
  if (const NetworkSettings* network = version.record->network.get()) {
    view.credentials = ViewOf(*network, environment().store.keeps_secrets());
    view.client_certificate = network->client_certificate;
  }
  if (const HelperToken* token = version.LiveToken()) {
    view.token_sid = token->identity().user;
    view.token_expires = token->expires();
    view.token_ends_soon = token->ends_soon();
    view.token_scope = token->scope();
  }
  view.revision = changes_.RevisionOf(view);
  return view;
}

/// What is shown to run waits for nobody, also while it is being stopped.
Obstacles Job::ObstaclesTo(bool runs) const {
  Obstacles obstacles;
  obstacles.store = changes_.StoreIsBehind();
  if (runs) return obstacles;
  const auto account = environment().accounts.Find(owner());
  const bool there = account != nullptr && !account->disabled;
  obstacles.account = !there;
  obstacles.logon = there && !IsLoggedOn(environment(), owner(), *account);
  obstacles.slot = work_.waits_for_place();
  return obstacles;
}

std::vector<FileView> Job::Files(size_t first, size_t count) const {
  std::lock_guard lock(mutex_);
  const JobVersion version = changes_.InForce();
  const FileRecords& files = *changes_.Newest().record->files;
  const size_t end = std::min(files.size(), version.record->files->size());
  std::vector<FileView> views;
  for (size_t i = first; i < end && views.size() < count; ++i) {
    views.push_back(ViewOf(static_cast<uint32_t>(i), files[i], work_.shown().progress()));
  }
  return views;
}

bool Job::HasNewProgress() {
  std::lock_guard lock(mutex_);
  const bool files = changes_.TakeUntoldProgress();
  return work_.shown().HasNewBytes() || files;
}

bool Job::AwaitCompletion(OutcomeDone done) {
  std::lock_guard lock(mutex_);
  if (!completers_) completers_.emplace();
  completers_->push_back(std::move(done));
  return completers_->size() == 1;
}

void Job::AnswerCompletion(const absl::StatusOr<JobOutcome>& outcome) {
  std::vector<OutcomeDone> completers;
  {
    std::lock_guard lock(mutex_);
    completers = std::move(*completers_);
    completers_.reset();
  }
  for (const auto& done : completers) done(outcome);
}

void Job::Changed(Deferred& deferred) {
  deferred.push_back([self = std::static_pointer_cast<Job>(shared_from_this())] {
    self->environment().changed(self);
  });
}

}  // namespace bitsd
