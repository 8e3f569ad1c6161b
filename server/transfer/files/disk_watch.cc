#include "server/transfer/files/disk_watch.h"

#include "absl/time/time.h"
#include "server/transfer/common/failures.h"

namespace bitsd {
namespace {

/// Looks in one `disk_patience`.
constexpr int kLooks = 4;

}  // namespace

void DiskWatch::Start() {
  const auto patience = absl::ToChronoMilliseconds(work_.options().disk_patience);
  work_.executor().PostAfter(patience / kLooks, work_.IfAlive([this] { Look(); }));
}

void DiskWatch::Look() {
  const auto patience = absl::ToChronoMilliseconds(work_.options().disk_patience);
  const bool writing = work_.operation().Exceeds(patience);
  const bool one = syncs_.one().Exceeds(patience);
  const bool many = syncs_.many().Exceeds(patience);
  CountHanging((writing ? 1 : 0) + (one ? 1 : 0) + (many ? 1 : 0));
  if (writing && work_.operation().Abandon()) {
    HaltSource();
    if (!work_.stopping()) work_.reports().FailInItsPlace(DiskHangs());
  } else if ((one || many) && !writing) {
    GiveUp();
  }
  if (!work_.over()) Start();
}

void DiskWatch::CountHanging(size_t hanging) {
  for (; hanging_ < hanging; ++hanging_) work_.disks().OneHangs(work_.strand());
  for (; hanging_ > hanging; --hanging_) work_.disks().OneIsBack(work_.strand());
}

void DiskWatch::HaltSource() const {
  if (const auto source = work_.source()) source->Halt();
}

void DiskWatch::GiveUp() {
  HaltSource();
  work_.Post([this] {
    if (work_.stopping()) return;
    work_.SetFailing();
    work_.EndWith(DiskHangs());
  });
}

}  // namespace bitsd
