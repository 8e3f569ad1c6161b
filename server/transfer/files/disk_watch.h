// Looks after a disk that may hang.
//
// It hangs the strands of a download, and nothing else: the executor's thread lets the pool have a
// thread in place of each that hangs, and after `disk_patience` tells the job in their place that
// its file system does not answer. What they do when they wake up counts for nothing.
//
// Thread safety: the executor's thread only. Ownership: of LocalFiles.

#ifndef BITSD_SERVER_TRANSFER_FILES_DISK_WATCH_H_
#define BITSD_SERVER_TRANSFER_FILES_DISK_WATCH_H_

#include <cstddef>

#include "server/transfer/files/local_work.h"
#include "server/transfer/files/sync_scheduler.h"

namespace bitsd {

class DiskWatch {
 public:
  DiskWatch(LocalWork& work, const SyncScheduler& syncs) : work_(work), syncs_(syncs) {}
  ~DiskWatch() { CountHanging(0); }
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  /// Looks from now on, until the work is over.
  void Start();

 private:
  void Look();
  void CountHanging(size_t hanging);
  void HaltSource() const;
  void GiveUp();

  LocalWork& work_;
  const SyncScheduler& syncs_;
  size_t hanging_ = 0;  ///< Operations that hang, as the pool was told.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_DISK_WATCH_H_
