// Makes whole small files durable, many at a time.
//
// A sync costs the file system a commit of its journal and a flush of the disk, for one file as for
// a thousand. So the files of all jobs on one file system that wait at the same time share one
// syncfs, and what arrives meanwhile shares the next. A file's own error is still its own: it is
// asked for after the common sync.
//
// syncfs also writes what others have written to that file system. Where it is not known to be
// durable and to report errors (only some local file systems, from Linux 5.17 on), where it takes
// long because of that, and for very few files, each file is synced by itself. So whoever writes
// without end to the same file system costs others one slow sync, and then not again soon.
//
// Thread safety: any thread. Ownership: the pool outlives it, and runs its tasks before it goes.

#ifndef BITSD_SERVER_TRANSFER_FILES_FILE_SYNC_H_
#define BITSD_SERVER_TRANSFER_FILES_FILE_SYNC_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "server/base/disk_pool.h"

namespace bitsd {

class FileSync {
 public:
  /// Gets the error (errno, or 0) of each file.
  using Done = std::function<void(std::vector<int> errors)>;

  /// Fewer than these are synced by themselves.
  static constexpr size_t kFewest = 4;

  /// A common sync that takes longer than both together writes mostly what others wrote.
  struct Patience {
    std::chrono::milliseconds common{250};
    std::chrono::milliseconds each_file{20};
  };

  explicit FileSync(DiskPool& disks) : FileSync(disks, Patience()) {}
  FileSync(DiskPool& disks, Patience patience) : disks_(disks), patience_(patience) {}

  /// Syncs the files `fds` of the file system `device`; they stay open until `done` has run, on a
  /// thread of the pool. What cannot be shared is done on `own`, so that it holds up nobody else.
  void Sync(uint64_t device, const std::shared_ptr<Strand>& own, std::vector<int> fds, Done done);

 private:
  using Clock = std::chrono::steady_clock;

  struct Request {
    std::shared_ptr<Strand> own;
    std::vector<int> fds;
    Done done;
  };
  /// One file system.
  struct Group {
    std::shared_ptr<Strand> strand;
    // Guarded by mutex_.
    std::vector<Request> waiting;
    std::optional<Clock::time_point> busy_since;  ///< A common sync is under way.
    // The strand only.
    Clock::time_point alone_until;  ///< A common sync costs too much until then.
    std::chrono::seconds pause{0};  ///< How long that was, the last time.
  };

  std::shared_ptr<Group> GroupOfLocked(uint64_t device);
  void Run(Group& group);
  static void SyncAlone(Request request);
  bool SyncTogether(Group& group, std::vector<Request>& requests);
  void Judge(Group& group, Clock::duration took, size_t files) const;

  DiskPool& disks_;
  const Patience patience_;
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Group>> groups_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_FILE_SYNC_H_
