// How the files of a download become durable: large ones by themselves, small ones together.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/transfer/common/failures.h"
#include "server/transfer/files/local_files.h"

namespace bitsd {
namespace {

/// A file up to this size is synced together with others.
constexpr uint64_t kSmallFile = uint64_t{1} << 20;

}  // namespace

void LocalFiles::Finish(const OpenFilePtr& file) {
  file->progress.size = file->written;
  open_.erase(file->index);
  unsynced_.emplace(file->index, file);
  ShowNext();
  const bool small = file->written <= kSmallFile;
  ahead_ = small ? std::min(ahead_ * 2, kMaxAhead) : kMinAhead;
  // News of a sync that is under way must come before those of its end.
  if (small && !file->syncing) {
    small_.push_back(file);
    SyncSmall();
  } else {
    Sync(file, true);
  }
  OpenAhead();
}

void LocalFiles::SyncSmall() {
  if (small_syncing_ || small_.empty()) return;
  const uint64_t first = small_.front()->device;
  const auto other = std::stable_partition(small_.begin(), small_.end(),
                                           [&](const auto& file) { return file->device == first; });
  std::vector<OpenFilePtr> files(small_.begin(), other);
  small_.erase(small_.begin(), other);
  std::vector<int> fds;
  fds.reserve(files.size());
  for (const OpenFilePtr& file : files) fds.push_back(file->fd.get());
  small_syncing_ = true;
  syncing_small_.Begin();
  syncs_.Sync(
      first, sync_strand_, std::move(fds),
      [self = shared_from_this(), files = std::move(files)](std::vector<int> errors) mutable {
        self->file_strand_->Post([self, files = std::move(files), errors = std::move(errors)] {
          self->SmallSynced(files, errors);
        });
      });
}

void LocalFiles::SmallSynced(const std::vector<OpenFilePtr>& files,
                             const std::vector<int>& errors) {
  syncing_small_.End();
  small_syncing_ = false;
  std::optional<TransferFailure> failure;
  for (size_t i = 0; i < files.size(); ++i) {
    OpenFile& file = *files[i];
    unsynced_.erase(file.index);
    // An error is reported once: later syncs of the file prove nothing.
    if (errors[i] != 0) file.sync_failed = true;
    if (file.sync_failed) {
      if (!failure) failure = WriteFailure(errors[i]);
      if (!failure->error.file_index) failure->error.file_index = file.index;
      continue;
    }
    file.progress.synced = file.written;
    file.progress.transferred = true;
    news_.push_back({file.index, file.progress, std::nullopt});
  }
  if (failure) {
    SendNews();
    FailNow(*failure);
  } else {
    SyncSmall();
    AfterSync();
  }
  if (small_syncing_) return;
  for (const auto& next : std::exchange(after_small_, {})) next();
}

void LocalFiles::AfterSync() {
  OpenAhead();
  // After the news of what was synced: what is shown never falls back.
  ShowNext();
  ReportEnd();
}

void LocalFiles::Sync(const OpenFilePtr& file, bool finished) {
  file->syncing = true;
  file->sync_begun = file->written;
  file->last_sync = SteadyClock::now();
  sync_strand_->Post([self = shared_from_this(), file, upto = file->written, finished] {
    self->syncing_.Begin();
    const int error = fdatasync(file->fd.get()) == 0 ? 0 : errno;
    self->syncing_.End();
    self->file_strand_->Post(
        [self, file, upto, finished, error] { self->Synced(file, upto, finished, error); });
  });
}

void LocalFiles::Synced(const OpenFilePtr& file, uint64_t upto, bool finished, int error) {
  file->syncing = false;
  if (finished) unsynced_.erase(file->index);
  if (ended_) return;
  // An error is reported once: later syncs of the file prove nothing.
  if (error != 0) file->sync_failed = true;
  if (file->sync_failed) {
    TransferFailure failure = WriteFailure(error);
    failure.error.file_index = file->index;
    return FailNow(failure);
  }
  file->progress.synced = upto;
  file->progress.transferred = finished;
  Report(*file);
  if (finished) AfterSync();
}

/// What came before the server fell silent is synced by time, too.
void LocalFiles::SyncWhatWaits() {
  if (!Active()) return;
  for (const auto& [index, file] : open_) {
    if (file->written > file->sync_begun) Written(file);
  }
}

void LocalFiles::SyncForResume(std::function<void()> last) {
  SyncSmall();
  if (small_syncing_) {
    after_small_.push_back([this, last = std::move(last)] { SyncForResume(last); });
    return;
  }
  OpenFilePtr kept;
  for (const auto& [index, file] : open_) {
    if (file->written > file->progress.synced && !file->progress.not_resumable) kept = file;
  }
  sync_strand_->Post([self = shared_from_this(), kept, last = std::move(last)] {
    self->syncing_.Begin();
    const bool synced = kept != nullptr && fdatasync(kept->fd.get()) == 0;
    self->syncing_.End();
    self->file_strand_->Post([self, kept, synced, last] {
      if (synced && !kept->sync_failed && !self->ended_) {
        kept->progress.synced = kept->written;
        self->Report(*kept);
      }
      last();
    });
  });
}

}  // namespace bitsd
