#include "server/transfer/files/file_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/transfer/common/failures.h"

namespace bitsd {
namespace {

/// Bytes after which writing them to the disk is begun, so that the sync finds little to do.
constexpr uint64_t kHintInterval = uint64_t{8} << 20;

void BeginWriting(OpenFile& file) {
  if (file.written == file.hinted) return;
  sync_file_range(file.fd.get(), static_cast<off_t>(file.hinted),
                  static_cast<off_t>(file.written - file.hinted), SYNC_FILE_RANGE_WRITE);
  file.hinted = file.written;
}

}  // namespace

void FileSink::SetPhase(bool transferring) {
  work_.Post([this, transferring] {
    if (work_.Active()) work_.reports().Phase(transferring);
  });
}

void FileSink::Fail(TransferFailure failure) {
  work_.Post([this, failure = std::move(failure)] { work_.parts().OnFailure(failure); });
}

void FileSink::Write(FileStep step) {
  if (step.chunk != nullptr) backlog_ += step.chunk->size;
  work_.Post([this, step = std::move(step)] {
    DoStep(step);
    if (step.chunk != nullptr) ReleaseBacklog(step.chunk->size);
  });
}

void FileSink::DoStep(const FileStep& step) {
  if (!work_.Active()) return;
  const auto found = work_.open().written().find(step.index);
  if (found == work_.open().written().end()) return;
  const OpenFilePtr file = found->second;
  if (step.forget) return Forget(*file);
  if (step.doubt) {
    ++file->progress.doubts;
    return work_.reports().Report(*file);
  }
  if (step.fruitless) {
    file->progress.fruitless = *step.fruitless;
    return work_.reports().Report(*file);
  }
  int error = 0;
  if (!work_.Watched([&] { error = WriteStep(*file, step); })) return;
  if (error != 0) {
    TransferFailure failure = WriteFailure(error);
    failure.error.file_index = step.index;
    return work_.parts().OnFailure(failure);
  }
  if (step.finish) return Finish(file);
  if (step.start) work_.reports().Report(*file);
  if (step.chunk != nullptr) syncs_.OnWritten(file);
}

int FileSink::WriteStep(OpenFile& file, const FileStep& step) {
  int error = step.start ? Start(file, *step.start) : 0;
  if (error == 0 && step.chunk != nullptr) error = WriteChunk(file, step);
  const uint64_t unwritten = file.written - file.hinted;
  // At the end of a file, too: small files that wait for their sync then share one commit of the
  // file system, as all their blocks are allocated before the first of them is synced.
  if (error == 0 && (unwritten >= kHintInterval || step.finish)) BeginWriting(file);
  return error;
}

void FileSink::Forget(OpenFile& file) {
  FileProgress empty;
  empty.temporary = file.progress.temporary;
  file.progress = std::move(empty);
  file.GoOnFrom(0);
  work_.reports().Report(file);
}

int FileSink::Start(OpenFile& file, const ContentStart& start) {
  // Also what an earlier attempt wrote and did not sync is gone with this.
  const bool cut = !std::exchange(file.is_new, false);
  if (cut && ftruncate(file.fd.get(), static_cast<off_t>(start.offset)) != 0) return errno;
  FileProgress& progress = file.progress;
  progress.size = start.size;
  progress.version = start.version;
  progress.not_resumable = start.not_resumable;
  progress.restarts = start.history.restarts;
  progress.replaced_size = start.history.replaced_size;
  progress.doubts = start.history.doubts;
  progress.fruitless = start.history.fruitless;
  progress.final_url = start.final_url;
  progress.synced = std::min(progress.synced, start.offset);
  file.GoOnFrom(start.offset);
  work_.reports().ShowFirst(work_.open());
  return 0;
}

int FileSink::WriteChunk(OpenFile& file, const FileStep& step) {
  size_t done = 0;
  while (done < step.chunk->size && !work_.stopping()) {
    const ssize_t count = pwrite(file.fd.get(), step.chunk->data.get() + done,
                                 step.chunk->size - done, static_cast<off_t>(step.offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    done += static_cast<size_t>(count);
    file.written = step.offset + done;
    if (work_.open().unsynced().empty()) work_.reports().ShowBytes(file.written);
  }
  return 0;
}

void FileSink::Finish(const OpenFilePtr& file) {
  file->progress.size = file->written;
  work_.open().BecomesWhole(file);
  work_.reports().ShowFirst(work_.open());
  work_.parts().OnWhole(file);
}

bool FileSink::AwaitDrain() {
  drain_awaited_ = true;
  // The last write may have ended in between, and then nobody else looks at the flag.
  return backlog_ > work_.options().max_backlog / 2 || !drain_awaited_.exchange(false);
}

void FileSink::ReleaseBacklog(size_t bytes) {
  const size_t left = backlog_ -= bytes;
  if (left <= work_.options().max_backlog / 2 && drain_awaited_.exchange(false)) {
    work_.PostToSource([](ContentSource& source) { source.Continue(); });
  }
}

}  // namespace bitsd
