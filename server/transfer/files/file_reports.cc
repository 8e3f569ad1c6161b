#include "server/transfer/files/file_reports.h"

#include <utility>

namespace bitsd {

void FileReports::Add(const OpenFile& file) {
  news_.push_back({file.index, file.progress, std::nullopt});
}

void FileReports::Send() {
  std::vector<FileNews> news = Take();
  if (!ended_ && !news.empty()) events_->OnFiles(std::move(news), nullptr);
}

void FileReports::Report(const OpenFile& file) {
  Add(file);
  Send();
}

std::vector<FileNews> FileReports::Take() { return std::exchange(news_, {}); }

void FileReports::Tell(std::vector<FileNews> news, std::function<void(bool)> recorded) {
  events_->OnFiles(std::move(news), std::move(recorded));
}

void FileReports::Show(uint32_t index, uint64_t bytes, uint64_t size) {
  // A reader in between sees no more bytes than the file it sees has.
  if (live_->file != index || live_->bytes > bytes) live_->bytes = 0;
  live_->size = kSizeUnknown;
  live_->file = index;
  live_->size = size;
  live_->bytes = bytes;
}

void FileReports::ShowFirst(const OpenFiles& files) {
  const auto& first = files.unsynced().empty() ? files.written() : files.unsynced();
  if (first.empty()) return;
  const OpenFile& file = *first.begin()->second;
  Show(file.index, file.written, file.progress.size);
}

bool FileReports::End() { return !std::exchange(ended_, true); }

void FileReports::Done() {
  if (End()) events_->OnDone();
}

void FileReports::Failed(const TransferFailure& failure) {
  if (End()) events_->OnFailed(failure);
}

}  // namespace bitsd
