// Writes what a source gives into the open files of a download.
//
// Thread safety: as ContentSink; what it is given is written on the file strand. Ownership: of
// LocalFiles, which a source that has it keeps alive.

#ifndef BITSD_SERVER_TRANSFER_FILES_FILE_SINK_H_
#define BITSD_SERVER_TRANSFER_FILES_FILE_SINK_H_

#include <atomic>
#include <cstddef>

#include "server/transfer/common/content_sink.h"
#include "server/transfer/files/local_work.h"
#include "server/transfer/files/sync_scheduler.h"

namespace bitsd {

class FileSink final : public ContentSink {
 public:
  FileSink(LocalWork& work, SyncScheduler& syncs) : work_(work), syncs_(syncs) {}

  void Write(FileStep step) override;
  void SetPhase(bool transferring) override;
  size_t Backlog() const override { return backlog_.load(); }
  bool AwaitDrain() override;
  void Fail(TransferFailure failure) override;

 private:
  // The file strand only.
  void DoStep(const FileStep& step);
  int WriteStep(OpenFile& file, const FileStep& step);
  int Start(OpenFile& file, const ContentStart& start);
  int WriteChunk(OpenFile& file, const FileStep& step);
  void Forget(OpenFile& file);
  void Finish(const OpenFilePtr& file);
  void ReleaseBacklog(size_t bytes);

  LocalWork& work_;
  SyncScheduler& syncs_;
  std::atomic<size_t> backlog_{0};
  std::atomic<bool> drain_awaited_{false};
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_FILE_SINK_H_
