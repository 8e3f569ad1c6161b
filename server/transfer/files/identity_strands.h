// One strand per identity for checks of directories: a hung file system costs its own identity one
// disk thread, however many calls wait for it.
//
// Thread safety: any thread. Ownership: strands live while they are used; the pool outlives all.

#ifndef BITSD_SERVER_TRANSFER_FILES_IDENTITY_STRANDS_H_
#define BITSD_SERVER_TRANSFER_FILES_IDENTITY_STRANDS_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "server/base/disk_pool.h"
#include "server/identity/sid.h"

namespace bitsd {

class IdentityStrands {
 public:
  /// At most `max_waiting` tasks of one identity wait or run.
  IdentityStrands(DiskPool& disks, size_t max_waiting) : disks_(disks), max_waiting_(max_waiting) {}

  /// Runs `task` on the strand of `identity`. False, and nothing runs, when too many wait already.
  bool Post(const Sid& identity, std::function<void()> task);

 private:
  struct Entry {
    std::weak_ptr<Strand> strand;
    /// Shared with the tasks, which may outlive this table.
    std::shared_ptr<std::atomic<size_t>> waiting = std::make_shared<std::atomic<size_t>>(0);
  };

  std::shared_ptr<Strand> ForLocked(const Sid& identity);
  void DropUnusedLocked();

  DiskPool& disks_;
  const size_t max_waiting_;
  std::mutex mutex_;
  std::map<Sid, Entry> entries_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_IDENTITY_STRANDS_H_
