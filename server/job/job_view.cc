// How a job is shown: its record, and what is going on.

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "server/job/changes/network_changes.h"
#include "server/job/job.h"

namespace bitsd {
namespace {

uint64_t BytesDone(const FileRecord& file) {
  const FileProgress& progress = file.progress;
  return progress.transferred && progress.size != kSizeUnknown ? progress.size : progress.synced;
}

FileView ShowFile(uint32_t index, const FileRecord& file, const LiveProgress* live) {
  FileView view{index, file, file.progress.size, BytesDone(file)};
  if (live == nullptr || file.progress.transferred || live->file.load() != index) return view;
  view.bytes_transferred = live->bytes.load();
  if (const uint64_t size = live->size.load(); size != kSizeUnknown) view.bytes_total = size;
  return view;
}

struct Obstacles {
  bool store = false;
  bool account = false;
  bool logon = false;
  bool slot = false;
};

WaitingFor WhyStill(const JobRecord& record, const Obstacles& obstacles) {
  if (record.state == JobState::kTransientError) {
    const bool tickets = record.error->hresult == Hresult::kTokenRequired;
    return tickets ? WaitingFor::kToken : WaitingFor::kRetryTimer;
  }
  if (record.state == JobState::kError && record.error->hresult == Hresult::kTokenRequired) {
    return WaitingFor::kToken;
  }
  if (obstacles.store) return WaitingFor::kStore;
  if (record.state != JobState::kQueued) return WaitingFor::kNothing;
  if (obstacles.account) return WaitingFor::kAccount;
  if (obstacles.logon) return WaitingFor::kLogon;
  return obstacles.slot ? WaitingFor::kSlot : WaitingFor::kNothing;
}

/// Views are kept and handed on: none of them has a secret.
JobRecordPtr Shown(JobRecordPtr record) {
  if (record->network == nullptr) return record;
  auto shown = std::make_shared<JobRecord>(*record);
  shown->network = WithoutSecrets(record->network);
  return shown;
}

std::vector<CredentialView> CredentialsOf(const NetworkSettings& settings, bool kept) {
  std::vector<CredentialView> views;
  for (const JobCredential& credential : settings.credentials) {
    const bool implicit = credential.is_implicit();
    const auto storage =
        implicit || kept ? CredentialStorage::kStored : CredentialStorage::kMemoryOnly;
    views.push_back({credential.target, credential.scheme, implicit, storage});
  }
  for (const LostCredential& lost : settings.lost) {
    views.push_back({lost.target, lost.scheme, false, CredentialStorage::kLost});
  }
  return views;
}

uint64_t DigestOf(const std::vector<CredentialView>& credentials) {
  uint64_t digest = 0;
  for (const CredentialView& one : credentials) {
    digest = absl::HashOf(digest, one.target, one.scheme, one.implicit, one.storage);
  }
  return digest;
}

/// The record, and its files as `files` says how far they are.
JobView Show(JobRecordPtr record, const FileRecords& files, const LiveProgress* live) {
  JobView view;
  view.revision = record->revision;
  view.record = Shown(std::move(record));
  view.state = view.record->state;
  const size_t count = view.record->files->size();
  uint32_t index = 0;
  for (const FileRecord& file : files) {
    if (index == count) break;  // It is not added yet.
    const FileView shown = ShowFile(index++, file, live);
    view.bytes_transferred += shown.bytes_transferred;
    view.files_transferred += file.progress.transferred ? 1 : 0;
    const bool known = view.bytes_total != kSizeUnknown && shown.bytes_total != kSizeUnknown;
    view.bytes_total = known ? view.bytes_total + shown.bytes_total : kSizeUnknown;
  }
  return view;
}

}  // namespace

JobView ViewOf(JobRecordPtr record) {
  const FileList files = record->files;
  return Show(std::move(record), *files, nullptr);
}

JobView Job::View() const {
  std::lock_guard lock(mutex_);
  const JobVersion version = InForceLocked();
  JobView view = Show(version.record, ShownFiles(), progress_.get());
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
    view.credentials = CredentialsOf(*network, environment_.store.keeps_secrets());
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
    views.push_back(ShowFile(static_cast<uint32_t>(i), files[i], progress_.get()));
  }
  return views;
}

}  // namespace bitsd
