// What the parts of a download's local side share: the job, its open files, what the job is told,
// and whether the work goes on.
//
// Thread safety: Post, Kept, Alive and stopping on any thread; everything else on the file strand,
// but for what says otherwise. Ownership: of LocalFiles, as the parts are. Tasks keep it alive.

#ifndef BITSD_SERVER_TRANSFER_FILES_LOCAL_WORK_H_
#define BITSD_SERVER_TRANSFER_FILES_LOCAL_WORK_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "server/base/disk_pool.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/content_source.h"
#include "server/transfer/common/job_files.h"
#include "server/transfer/common/transfer_context.h"
#include "server/transfer/files/disk_operation.h"
#include "server/transfer/files/file_reports.h"
#include "server/transfer/files/open_files.h"

namespace bitsd {

class LocalWork {
 public:
  /// What one part tells the others. On the file strand.
  class Parts {
   public:
    virtual void OnWhole(const OpenFilePtr& file) = 0;
    virtual void OnSynced() = 0;
    /// Ends the download.
    virtual void OnFailure(const TransferFailure& failure) = 0;

   protected:
    ~Parts() = default;
  };

  LocalWork(const TransferContext& context, DownloadTask task,
            std::shared_ptr<DownloadEvents> events, Parts& parts);

  /// Before anything else: `owner` is what tasks keep alive.
  void Begin(std::weak_ptr<void> owner, std::weak_ptr<ContentSource> source);

  const TransferOptions& options() const { return *context_.options; }
  const DownloadTask& task() const { return task_; }
  const JobFiles& files() const { return files_; }
  OpenFiles& open() { return open_; }
  FileReports& reports() { return reports_; }
  Parts& parts() { return parts_; }
  DiskPool& disks() { return context_.disks; }
  Executor& executor() { return context_.executor; }
  const std::weak_ptr<void>& owner() const { return owner_; }
  /// Null: there is no network side any more.
  std::shared_ptr<ContentSource> source() const { return source_.lock(); }

  /// Runs `task` on the file strand.
  template <typename Task>
  void Post(Task task) {
    strand_->Post(Kept(std::move(task)));
  }
  /// Runs `call` on the executor's thread while there is a network side.
  void PostToSource(std::function<void(ContentSource&)> call);
  /// `task`, which keeps the owner alive until it has run, for another thread.
  template <typename Task>
  auto Kept(Task task) const {
    return [owner = owner_.lock(), task = std::move(task)] { task(); };
  }
  /// `task`, which does nothing when the owner is gone.
  std::function<void()> IfAlive(std::function<void()> task) const;

  /// Runs an operation on the disk that may hang. False: it did, and was abandoned. It is over.
  template <typename Operation>
  bool Watched(Operation operation) {
    operation_.Begin();
    operation();
    if (operation_.End()) return true;
    reports_.End();
    return false;
  }
  /// What the file strand is in, for who looks after it on another thread.
  DiskOperation& operation() { return operation_; }
  const Strand& strand() const { return *strand_; }

  /// Files are opened and written.
  bool Active() const { return !stopping_ && !failing_ && !reports_.ended(); }
  bool stopping() const { return stopping_; }
  void SetStopping() { stopping_ = true; }
  /// From here on nothing is written: what is queued behind a gap must not hide it.
  void SetFailing() { failing_ = true; }
  void EndWith(const TransferFailure& failure);
  /// Nothing is left to look after. On any thread.
  bool over() const { return over_; }
  void End();

 private:
  const TransferContext context_;
  const DownloadTask task_;
  const JobFiles files_;
  Parts& parts_;
  const std::shared_ptr<Strand> strand_;
  std::weak_ptr<void> owner_;
  std::weak_ptr<ContentSource> source_;
  OpenFiles open_;
  FileReports reports_;
  DiskOperation operation_;
  std::atomic<bool> stopping_{false};
  bool failing_ = false;
  std::atomic<bool> over_{false};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_LOCAL_WORK_H_
