// What the engine's thread does by time: syncs, and a look after a disk that may hang.

#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/files/local_files.h"

namespace bitsd {
namespace {

using std::chrono::milliseconds;

/// Looks in one `disk_patience`.
constexpr int kLooks = 4;

}  // namespace

void LocalFiles::SyncLater() {
  const auto every = absl::ToChronoMilliseconds(context_.options->sync_every);
  context_.executor.PostAfter(every, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->over_) return;
    // One at a time: what hangs on the strand must not let them pile up.
    if (!self->sync_asked_.exchange(true)) {
      self->file_strand_->Post([self] {
        self->sync_asked_ = false;
        self->SyncWhatWaits();
      });
    }
    self->SyncLater();
  });
}

void LocalFiles::LookLater() {
  const auto patience = absl::ToChronoMilliseconds(context_.options->disk_patience);
  context_.executor.PostAfter(patience / kLooks, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->LookAfter();
  });
}

void LocalFiles::LookAfter() {
  const auto patience = absl::ToChronoMilliseconds(context_.options->disk_patience);
  const bool writing = writing_.Exceeds(patience);
  const bool one = syncing_.Exceeds(patience);
  const bool many = syncing_small_.Exceeds(patience);
  const bool syncing = one || many;
  CountHanging((writing ? 1 : 0) + (one ? 1 : 0) + (many ? 1 : 0));
  if (writing && writing_.Abandon()) {
    if (const auto source = source_.lock()) source->Halt();
    if (!stopping_) events_->OnFailed(DiskHangs());
  } else if (syncing && !writing) {
    GiveUpDisk();
  }
  if (!over_) LookLater();
}

void LocalFiles::CountHanging(size_t hanging) {
  for (; hanging_ < hanging; ++hanging_) context_.disks.OneHangs(*file_strand_);
  for (; hanging_ > hanging; --hanging_) context_.disks.OneIsBack(*file_strand_);
}

void LocalFiles::GiveUpDisk() {
  if (const auto source = source_.lock()) source->Halt();
  file_strand_->Post([self = shared_from_this()] {
    if (self->stopping_) return;
    self->failing_ = true;
    self->EndWith(DiskHangs());
  });
}

}  // namespace bitsd
