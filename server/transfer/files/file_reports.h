// What the job is told of its files: news of them, and how far the download is.
//
// News is collected, and told together. Recorded progress (`synced`, `transferred`) is what
// fdatasync has returned for, never more, and what is shown never falls back. Nothing is told after
// the end. Thread safety: the file strand only, but for FailInItsPlace. Ownership: it shares the
// events with the job.

#ifndef BITSD_SERVER_TRANSFER_FILES_FILE_REPORTS_H_
#define BITSD_SERVER_TRANSFER_FILES_FILE_REPORTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "server/model/transfer_service.h"
#include "server/transfer/files/open_files.h"

namespace bitsd {

class FileReports {
 public:
  FileReports(std::shared_ptr<DownloadEvents> events, std::shared_ptr<LiveProgress> live)
      : events_(std::move(events)), live_(std::move(live)) {}

  void Add(const OpenFile& file);
  /// Tells what was added.
  void Send();
  /// The same, and what was added before is told with it.
  void Report(const OpenFile& file);
  /// What was added and not told, to be told with other news.
  std::vector<FileNews> Take();
  /// As DownloadEvents::OnFiles.
  void Tell(std::vector<FileNews> news, std::function<void(bool)> recorded);
  void Phase(bool transferring) { events_->OnPhase(transferring); }

  /// Shows this file, or the first of `files` that is not reported as transferred.
  void Show(uint32_t index, uint64_t bytes, uint64_t size);
  void ShowFirst(const OpenFiles& files);
  /// More of the file that is shown was written.
  void ShowBytes(uint64_t bytes) { live_->bytes = bytes; }

  bool ended() const { return ended_; }
  /// Nothing is told any more. False: that is so already.
  bool End();
  void Done();
  void Failed(const TransferFailure& failure);
  /// The file strand hangs, and will find that it was abandoned. Another thread tells the job.
  void FailInItsPlace(TransferFailure failure) { events_->OnFailed(std::move(failure)); }

 private:
  const std::shared_ptr<DownloadEvents> events_;
  const std::shared_ptr<LiveProgress> live_;
  std::vector<FileNews> news_;
  bool ended_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_FILE_REPORTS_H_
