// When the files of a download are synced: large ones by themselves, on a strand that does nothing
// else, so that the network and the next file go on meanwhile; whole small ones together, with
// those of other jobs (file_sync.h). A file that is still written is synced from time to time.
//
// Thread safety: the file strand only, but for what says otherwise. Ownership: of LocalFiles.

#ifndef BITSD_SERVER_TRANSFER_FILES_SYNC_SCHEDULER_H_
#define BITSD_SERVER_TRANSFER_FILES_SYNC_SCHEDULER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "server/base/disk_pool.h"
#include "server/transfer/files/disk_operation.h"
#include "server/transfer/files/file_sync.h"
#include "server/transfer/files/local_work.h"

namespace bitsd {

class SyncScheduler {
 public:
  SyncScheduler(LocalWork& work, FileSync& syncs);

  /// Looks by time, too, from now on: what came before the server fell silent is synced. On the
  /// executor's thread.
  void StartTimer();

  /// More of `file` was written.
  void OnWritten(const OpenFilePtr& file);
  /// `file` is whole, and among those that wait for their sync.
  void OnWhole(const OpenFilePtr& file);
  /// Syncs what an interrupted download can go on from; `last` runs when no sync is under way.
  void SyncForResume(std::function<void()> last);

  /// A sync of one file, and a common one. On any thread.
  const DiskOperation& one() const { return syncing_; }
  const DiskOperation& many() const { return syncing_small_; }

 private:
  void SyncSmall();
  void SmallSynced(const std::vector<OpenFilePtr>& files, const std::vector<int>& errors);
  std::optional<TransferFailure> NoteSmall(const std::vector<OpenFilePtr>& files,
                                           const std::vector<int>& errors);
  void Sync(const OpenFilePtr& file, bool finished);
  void Synced(const OpenFilePtr& file, uint64_t upto, bool finished, int error);
  void SyncWhatWaits();
  OpenFilePtr ToKeep();

  LocalWork& work_;
  FileSync& syncs_;
  const std::shared_ptr<Strand> strand_;  ///< For what is synced by itself.
  DiskOperation syncing_;                 ///< Of that strand.
  DiskOperation syncing_small_;           ///< Asked of syncs_.
  std::atomic<bool> asked_{false};        ///< By the timer.

  std::vector<OpenFilePtr> small_;                  ///< To be synced together next.
  bool small_syncing_ = false;                      ///< Others are being synced together.
  std::vector<std::function<void()>> after_small_;  ///< Run when nothing of that is left.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_SYNC_SCHEDULER_H_
