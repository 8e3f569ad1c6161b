#include "server/transfer/files/sync_scheduler.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "server/transfer/common/failures.h"

namespace bitsd {
namespace {

using SteadyClock = std::chrono::steady_clock;

TransferFailure SyncFailure(const OpenFile& file, int error) {
  TransferFailure failure = WriteFailure(error);
  failure.error.file_index = file.index;
  return failure;
}

}  // namespace

SyncScheduler::SyncScheduler(LocalWork& work, FileSync& syncs)
    : work_(work), syncs_(syncs), strand_(work.disks().NewStrand(work.task().owner.ToString())) {}

void SyncScheduler::StartTimer() {
  const auto every = absl::ToChronoMilliseconds(work_.options().sync_every);
  work_.executor().PostAfter(every, work_.IfAlive([this] {
    if (work_.over()) return;
    // One at a time: what hangs on the strand must not let them pile up.
    if (!asked_.exchange(true)) {
      work_.Post([this] {
        asked_ = false;
        SyncWhatWaits();
      });
    }
    StartTimer();
  }));
}

void SyncScheduler::SyncWhatWaits() {
  if (!work_.Active()) return;
  for (const auto& [index, file] : work_.open().written()) {
    if (file->written > file->sync_begun) OnWritten(file);
  }
}

void SyncScheduler::OnWritten(const OpenFilePtr& file) {
  if (file->syncing || file->progress.not_resumable) return;
  const auto every = absl::ToChronoNanoseconds(work_.options().sync_every);
  if (file->written - file->sync_begun >= work_.options().sync_interval ||
      SteadyClock::now() - file->last_sync >= every) {
    Sync(file, false);
  }
}

void SyncScheduler::OnWhole(const OpenFilePtr& file) {
  // News of a sync that is under way must come before those of its end.
  if (!file->IsSmall() || file->syncing) return Sync(file, true);
  small_.push_back(file);
  SyncSmall();
}

void SyncScheduler::SyncSmall() {
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
  syncs_.Sync(first, strand_, std::move(fds),
              [this, owner = work_.owner().lock(),
               files = std::move(files)](std::vector<int> errors) mutable {
                work_.Post([this, files = std::move(files), errors = std::move(errors)] {
                  SmallSynced(files, errors);
                });
              });
}

void SyncScheduler::SmallSynced(const std::vector<OpenFilePtr>& files,
                                const std::vector<int>& errors) {
  syncing_small_.End();
  small_syncing_ = false;
  if (const auto failure = NoteSmall(files, errors)) {
    work_.reports().Send();
    work_.parts().OnFailure(*failure);
  } else {
    SyncSmall();
    work_.parts().OnSynced();
  }
  if (small_syncing_) return;
  for (const auto& next : std::exchange(after_small_, {})) next();
}

/// The failure is that of the first that has one.
std::optional<TransferFailure> SyncScheduler::NoteSmall(const std::vector<OpenFilePtr>& files,
                                                        const std::vector<int>& errors) {
  std::optional<TransferFailure> failure;
  for (size_t i = 0; i < files.size(); ++i) {
    OpenFile& file = *files[i];
    work_.open().Drop(file);
    // An error is reported once: later syncs of the file prove nothing.
    if (errors[i] != 0) file.sync_failed = true;
    if (file.sync_failed) {
      if (!failure) failure = SyncFailure(file, errors[i]);
      continue;
    }
    file.progress.synced = file.written;
    file.progress.transferred = true;
    work_.reports().Add(file);
  }
  return failure;
}

void SyncScheduler::Sync(const OpenFilePtr& file, bool finished) {
  file->syncing = true;
  file->sync_begun = file->written;
  file->last_sync = SteadyClock::now();
  strand_->Post(work_.Kept([this, file, upto = file->written, finished] {
    syncing_.Begin();
    const int error = fdatasync(file->fd.get()) == 0 ? 0 : errno;
    syncing_.End();
    work_.Post([this, file, upto, finished, error] { Synced(file, upto, finished, error); });
  }));
}

void SyncScheduler::Synced(const OpenFilePtr& file, uint64_t upto, bool finished, int error) {
  file->syncing = false;
  if (finished) work_.open().Drop(*file);
  if (work_.reports().ended()) return;
  // An error is reported once: later syncs of the file prove nothing.
  if (error != 0) file->sync_failed = true;
  if (file->sync_failed) return work_.parts().OnFailure(SyncFailure(*file, error));
  file->progress.synced = upto;
  file->progress.transferred = finished;
  work_.reports().Report(*file);
  if (finished) work_.parts().OnSynced();
}

OpenFilePtr SyncScheduler::ToKeep() {
  OpenFilePtr kept;
  for (const auto& [index, file] : work_.open().written()) {
    if (file->written > file->progress.synced && !file->progress.not_resumable) kept = file;
  }
  return kept;
}

void SyncScheduler::SyncForResume(std::function<void()> last) {
  SyncSmall();
  if (small_syncing_) {
    after_small_.push_back([this, last = std::move(last)] { SyncForResume(last); });
    return;
  }
  strand_->Post(work_.Kept([this, kept = ToKeep(), last = std::move(last)] {
    syncing_.Begin();
    const bool synced = kept != nullptr && fdatasync(kept->fd.get()) == 0;
    syncing_.End();
    work_.Post([this, kept, synced, last] {
      if (synced && !kept->sync_failed && !work_.reports().ended()) {
        kept->progress.synced = kept->written;
        work_.reports().Report(*kept);
      }
      last();
    });
  }));
}

}  // namespace bitsd
