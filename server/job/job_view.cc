// How a job is shown: its record, and what is going on.

#include <utility>

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
  if (record.state == JobState::kTransientError) return WaitingFor::kRetryTimer;
  if (record.state == JobState::kError && record.error->hresult == Hresult::kTokenRequired) {
    return WaitingFor::kToken;
  }
  if (obstacles.store) return WaitingFor::kStore;
  if (record.state != JobState::kQueued) return WaitingFor::kNothing;
  if (obstacles.account) return WaitingFor::kAccount;
  if (obstacles.logon) return WaitingFor::kLogon;
  return obstacles.slot ? WaitingFor::kSlot : WaitingFor::kNothing;
}

}  // namespace

JobView Job::View() const {
  std::lock_guard lock(mutex_);
  const JobVersion version = InForceLocked();
  JobView view;
  view.record = version.record;
  view.state = version.record->state;
  if (view.state == JobState::kQueued && phase_) view.state = *phase_;
  const auto owner = environment_.accounts.Find(owner_);
  const bool there = owner != nullptr && !owner->disabled;
  view.waiting_for = WhyStill(
      *version.record,
      {DirtyLocked() || resting_, !there, there && !OwnerIsLoggedOn(*owner), waits_for_place_});
  if (const HelperToken* token = version.LiveToken()) {
    view.token_sid = token->identity().user;
    view.token_expires = token->expires();
    view.token_ends_soon = token->ends_soon();
    view.token_scope = token->scope();
  }
  uint32_t index = 0;
  for (const FileRecord& file : *version.record->files) {
    const FileView shown = ShowFile(index++, file, progress_.get());
    view.bytes_transferred += shown.bytes_transferred;
    view.files_transferred += file.progress.transferred ? 1 : 0;
    const bool known = view.bytes_total != kSizeUnknown && shown.bytes_total != kSizeUnknown;
    view.bytes_total = known ? view.bytes_total + shown.bytes_total : kSizeUnknown;
  }
  return view;
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
  const auto& files = *version.record->files;
  std::vector<FileView> views;
  for (size_t i = first; i < files.size() && views.size() < count; ++i) {
    views.push_back(ShowFile(static_cast<uint32_t>(i), files[i], progress_.get()));
  }
  return views;
}

}  // namespace bitsd
