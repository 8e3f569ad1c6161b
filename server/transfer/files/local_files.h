// The disk side of a download: opens the temporary files, writes and syncs them, and tells the job.
//
// Two strands. The file strand opens and writes, and alone touches the state and calls the job's
// events, which are therefore in order and one at a time. The sync strand does nothing but
// fdatasync, so that the network and the next file go on meanwhile; whole small files are synced
// together, with those of other jobs (file_sync.h).
//
// What many small files need is done for many at once: they are planned, created, synced and
// reported in batches. Files are opened ahead of the network, few while files are large and more
// while they are small, and a bounded number waits to be synced. A temporary file is created only
// once its name is in the store (`plan`): whenever this process ends, the next one finds it.
//
// A disk that hangs hangs these strands, and nothing else: the engine's thread looks after them,
// lets the pool have a thread in place of each that hangs, and after `disk_patience` tells the job
// in their place that its file system does not answer. What they do when they wake up counts for
// nothing.
//
// Recorded progress (`synced`, `transferred`) is what fdatasync has returned for, never more.
//
// Thread safety: any thread; every method returns at once. Ownership: shared by its tasks. The
// source is held weakly.

#ifndef BITSD_SERVER_TRANSFER_FILES_LOCAL_FILES_H_
#define BITSD_SERVER_TRANSFER_FILES_LOCAL_FILES_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "server/model/transfer_service.h"
#include "server/transfer/common/content_sink.h"
#include "server/transfer/common/content_source.h"
#include "server/transfer/common/job_files.h"
#include "server/transfer/common/transfer_context.h"
#include "server/transfer/files/disk_operation.h"
#include "server/transfer/files/file_sync.h"

namespace bitsd {

class LocalFiles : public ContentSink, public std::enable_shared_from_this<LocalFiles> {
 public:
  LocalFiles(const TransferContext& context, FileSync& syncs, DownloadTask task,
             std::shared_ptr<DownloadEvents> events);
  ~LocalFiles() override { CountHanging(0); }
  LocalFiles(const LocalFiles&) = delete;
  LocalFiles& operator=(const LocalFiles&) = delete;

  /// Opens the first files. Once.
  void Start(std::weak_ptr<ContentSource> source);

  void Write(FileStep step) override;
  void SetPhase(bool transferring) override;
  size_t Backlog() const override { return backlog_.load(); }
  bool AwaitDrain() override;
  void Fail(TransferFailure failure) override;

  /// Stops everything; `stopped` runs last of all.
  void Stop(std::function<void()> stopped);

 private:
  using SteadyClock = std::chrono::steady_clock;

  /// Files that are made ready ahead of the network: few while files are large, as what is there
  /// without being needed is in the way; more with each small one.
  static constexpr size_t kMinAhead = 3;
  static constexpr size_t kMaxAhead = 32;

  /// An open temporary file. The sync strand uses `fd` only.
  struct OpenFile {
    uint32_t index = 0;
    UniqueFd fd;
    uint64_t device = 0;  ///< As it is now: the recorded one may be of an earlier start.
    bool is_new = false;  ///< Created by us, and nothing was written.
    FileProgress progress;
    uint64_t written = 0;
    uint64_t hinted = 0;      ///< Writing to the disk was begun up to here.
    uint64_t sync_begun = 0;  ///< A sync covers up to here.
    SteadyClock::time_point last_sync;
    bool syncing = false;
    bool sync_failed = false;  ///< What is on the disk is not known any more.
  };
  using OpenFilePtr = std::shared_ptr<OpenFile>;

  /// A file to open next. The id of its temporary file is not known before it is created.
  struct PlannedFile {
    uint32_t index = 0;
    TemporaryFile temporary;
    std::optional<TemporaryFile> abandoned;  ///< What it takes the place of.
    bool old = false;  ///< Of an earlier attempt: if it is not ours any more, a new one is made.
    bool recorded = false;  ///< The store has the name.
  };

  bool Active() const { return !stopping_ && !failing_ && !ended_; }
  void PostToSource(std::function<void(ContentSource&)> call);

  // The file strand only, as everything down to SyncForResume.
  void PrepareSource();
  void OpenAhead();
  void PlanNext();
  /// What a lender did not lend for is not opened, and nobody else opens it instead.
  absl::Status CheckLoan(const FileRecord& file) const;
  void FailToOpen(uint32_t index, const absl::Status& status);
  PlannedFile PlanAnew(uint32_t index, std::optional<TemporaryFile> abandoned) const;
  void RecordPlan();
  void Record(std::vector<FileNews> news);
  void RecordLater(const std::shared_ptr<const std::vector<FileNews>>& news);
  void OpenPlanned();
  absl::Status Reopen(const PlannedFile& planned, std::vector<FilePlan>* ready);
  absl::Status GiveUp(const PlannedFile& planned) const;
  absl::Status CheckDestinations(const std::vector<PlannedFile>& batch, size_t first,
                                 std::vector<std::string>* paths) const;
  absl::Status Create(const std::vector<PlannedFile>& batch, size_t first,
                      std::vector<FilePlan>* ready);
  void AddOpen(const OpenFilePtr& file, std::vector<FilePlan>* ready);

  void DoStep(const FileStep& step);
  void Forget(OpenFile& file);
  int Begin(OpenFile& file, const FileStep& step);
  int WriteChunk(OpenFile& file, const FileStep& step);
  static void BeginWriting(OpenFile& file);
  void Written(const OpenFilePtr& file);
  void Finish(const OpenFilePtr& file);
  void SyncSmall();
  void SmallSynced(const std::vector<OpenFilePtr>& files, const std::vector<int>& errors);
  void AfterSync();
  void Sync(const OpenFilePtr& file, bool finished);
  void SyncWhatWaits();
  void Synced(const OpenFilePtr& file, uint64_t upto, bool finished, int error);
  void ReportEnd();
  int WriteStep(OpenFile& file, const FileStep& step);
  void ReleaseBacklog(size_t bytes);
  void Report(const OpenFile& file);
  void SendNews();
  void ShowFile(uint32_t index, uint64_t bytes, uint64_t size);
  void ShowNext();
  void FailNow(const TransferFailure& failure);
  void WindDown(std::function<void()> last);
  void SyncForResume(std::function<void()> last);

  // The engine's thread.
  void SyncLater();
  void LookLater();
  void LookAfter();
  void CountHanging(size_t hanging);
  void GiveUpDisk();

  void EndWith(const TransferFailure& failure);

  const TransferContext context_;
  FileSync& syncs_;
  const DownloadTask task_;
  const JobFiles files_;
  const std::shared_ptr<DownloadEvents> events_;
  const std::shared_ptr<Strand> file_strand_;
  const std::shared_ptr<Strand> sync_strand_;
  const std::vector<uint32_t> todo_;

  std::atomic<bool> stopping_{false};
  std::atomic<size_t> backlog_{0};
  std::atomic<bool> drain_awaited_{false};
  std::atomic<bool> sync_asked_{false};
  DiskOperation writing_;          ///< Of the file strand.
  DiskOperation syncing_;          ///< Of the sync strand.
  DiskOperation syncing_small_;    ///< Asked of context_.syncs.
  std::atomic<bool> over_{false};  ///< Nothing is left to look after.

  size_t hanging_ = 0;  ///< Strands that hang, as the pool was told. The engine's thread only.

  // The file strand only.
  std::weak_ptr<ContentSource> source_;
  size_t next_ = 0;                                 ///< Into todo_: the next file to plan.
  size_t ahead_ = kMinAhead;                        ///< So many files are planned at once.
  std::vector<PlannedFile> planned_;                ///< The next to open.
  bool plan_recorded_ = false;                      ///< They may be created.
  std::map<uint32_t, OpenFilePtr> open_;            ///< Opened and not yet whole.
  std::map<uint32_t, OpenFilePtr> unsynced_;        ///< Whole, and waiting for their sync.
  std::vector<OpenFilePtr> small_;                  ///< Of those, to be synced together next.
  bool small_syncing_ = false;                      ///< Others of those are being synced together.
  std::vector<std::function<void()>> after_small_;  ///< Run when nothing of that is left.
  std::vector<FileNews> news_;                      ///< Of files, to be told together.
  std::optional<TransferFailure> open_failure_;     ///< Of a file that is not yet needed.
  bool failing_ = false;
  bool ended_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_LOCAL_FILES_H_
