// The local side of a download: its temporary files are opened, written and synced, and the job is
// told. This class ties the parts that do it.
//
//   FilePlanner    which files are opened next, and when
//   FileSink       writes what the source gives
//   SyncScheduler  when what is synced
//   DiskWatch      looks after a disk that hangs
//
// Two strands. The file strand opens and writes, and alone touches the state and calls the job's
// events, which are therefore in order and one at a time. The sync strand does nothing but
// fdatasync.
//
// Thread safety: any thread; every method returns at once. Ownership: shared by its tasks and by
// the source that writes to it, which is held weakly.

#ifndef BITSD_SERVER_TRANSFER_FILES_LOCAL_FILES_H_
#define BITSD_SERVER_TRANSFER_FILES_LOCAL_FILES_H_

#include <functional>
#include <memory>

#include "server/model/transfer_service.h"
#include "server/transfer/common/content_sink.h"
#include "server/transfer/common/content_source.h"
#include "server/transfer/common/transfer_context.h"
#include "server/transfer/files/disk_watch.h"
#include "server/transfer/files/file_planner.h"
#include "server/transfer/files/file_sink.h"
#include "server/transfer/files/file_sync.h"
#include "server/transfer/files/local_work.h"
#include "server/transfer/files/sync_scheduler.h"

namespace bitsd {

class LocalFiles final : private LocalWork::Parts, public std::enable_shared_from_this<LocalFiles> {
 public:
  LocalFiles(const TransferContext& context, FileSync& syncs, DownloadTask task,
             std::shared_ptr<DownloadEvents> events);

  /// Where the source writes to.
  std::shared_ptr<ContentSink> sink() { return {shared_from_this(), &sink_}; }
  /// Lets the source prepare itself, and opens the first files. Once.
  void Start(std::weak_ptr<ContentSource> source);
  /// Stops everything; `stopped` runs last of all.
  void Stop(std::function<void()> stopped);

 private:
  // LocalWork::Parts.
  void OnWhole(const OpenFilePtr& file) override;
  void OnSynced() override;
  void OnFailure(const TransferFailure& failure) override;

  void Begin();
  void PrepareSource();
  void ReportEnd();
  void WindDown(std::function<void()> last);

  LocalWork work_;
  SyncScheduler syncs_;
  FileSink sink_;
  FilePlanner planner_;
  DiskWatch watch_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_LOCAL_FILES_H_
