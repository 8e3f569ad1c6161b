// How a job is shown: its record, and what is going on.

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "server/job/job.h"
#include "server/job/service/view_of.h"

namespace bitsd {
namespace {

uint64_t DigestOf(const std::vector<CredentialView>& credentials) {
  uint64_t digest = 0;
  for (const CredentialView& one : credentials) {
    digest = absl::HashOf(digest, one.target, one.scheme, one.implicit, one.storage);
  }
  return digest;
}

}  // namespace

JobView Job::View() const {
  std::lock_guard lock(mutex_);
  const JobVersion version = InForceLocked();
  JobView view = ViewOf(version.record, ShownFiles(), progress_.get());
  const bool still = view.state != JobState::kQueued || !phase_;
  if (!still) view.state = *phase_;
  const auto owner = environment_.accounts.Find(owner_);
  const bool there = owner != nullptr && !owner->disabled;
  Obstacles obstacles;
  obstacles.store = DirtyLocked() || resting_;
  if (still) {  // What is shown to run waits for nobody, also while it is being stopped.
    obstacles.account = !there;
    obstacles.logon = there && !OwnerIsLoggedOn(*owner);
    obstacles.slot = waits_for_place_;
  }
  view.waiting_for = WhyStill(*version.record, obstacles);
  if (const NetworkSettings* network = version.record->network.get()) {
    view.credentials = ViewOf(*network, environment_.store.keeps_secrets());
    view.client_certificate = network->client_certificate;
  }
  if (const HelperToken* token = version.LiveToken()) {
    view.token_sid = token->identity().user;
    view.token_expires = token->expires();
    view.token_ends_soon = token->ends_soon();
    view.token_scope = token->scope();
  }
  view.revision = ShowRevision(view);
  return view;
}

/// Rises whenever something else is shown than the last time.
uint64_t Job::ShowRevision(const JobView& view) const {
  const JobRecord& record = *view.record;
  const bool has_error = record.error.has_value();
  const uint64_t digest = absl::HashOf(
      record.revision, view.state, view.waiting_for, view.bytes_total, view.bytes_transferred,
      view.files_transferred, view.token_sid.has_value() ? view.token_sid->ToString() : "",
      view.token_expires.value_or(absl::InfinitePast()), view.token_ends_soon,
      view.token_scope.get(), record.token_flags, record.error_count,
      has_error ? static_cast<uint32_t>(record.error->hresult) : 0U, DigestOf(view.credentials),
      view.client_certificate.has_value());
  const bool first = shown_digest_ == 0;
  if (digest == shown_digest_) return shown_revision_;
  shown_digest_ = digest;
  shown_revision_ = std::max(shown_revision_ + (first ? 0 : 1), record.revision);
  if (record.revision != shown_record_) {
    shown_record_ = record.revision;
    shown_record_from_ = shown_revision_;
  }
  return shown_revision_;
}

bool Job::HasNewProgress() {
  std::lock_guard lock(mutex_);
  const bool news = std::exchange(file_news_, false);
  if (progress_ == nullptr) return news;
  const uint64_t bytes = progress_->bytes.load();
  return std::exchange(bytes_shown_, bytes) != bytes || news;
}

std::vector<FileView> Job::Files(size_t first, size_t count) const {
  std::lock_guard lock(mutex_);
  const JobVersion version = InForceLocked();
  const FileRecords& files = ShownFiles();
  const size_t end = std::min(files.size(), version.record->files->size());
  std::vector<FileView> views;
  for (size_t i = first; i < end && views.size() < count; ++i) {
    views.push_back(ViewOf(static_cast<uint32_t>(i), files[i], progress_.get()));
  }
  return views;
}

}  // namespace bitsd
