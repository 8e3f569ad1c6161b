#include "server/transfer/files/local_files.h"

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
std::vector<uint32_t> FilesToDo(const FileRecords& files) {
  std::vector<uint32_t> todo;
  for (uint32_t i = 0; i < files.size(); ++i) {
    if (!files[i].progress.transferred) todo.push_back(i);
  }
  return todo;
}

}  // namespace

LocalFiles::LocalFiles(const TransferContext& context, FileSync& syncs, DownloadTask task,
                       std::shared_ptr<DownloadEvents> events)
    : context_(context),
      syncs_(syncs),
      task_(std::move(task)),
      files_(context.broker, context.audit, task_.job, task_.owner),
      events_(std::move(events)),
      file_strand_(context.disks.NewStrand(task.owner.ToString())),
      sync_strand_(context.disks.NewStrand(task.owner.ToString())),
      todo_(FilesToDo(*task_.files)) {
  if (todo_.empty()) return;
  const FileProgress& first = (*task_.files)[todo_.front()].progress;
  const FilePlan plan = PlanFile(todo_.front(), first);
  ShowFile(plan.index, plan.resumable ? plan.kept : 0, plan.size);
}

void LocalFiles::Start(std::weak_ptr<ContentSource> source) {
  file_strand_->Post([self = shared_from_this(), source = std::move(source)] {
    self->source_ = source;
    if (!self->Active()) return;
    self->context_.executor.Post([self] {
      self->LookLater();
      self->SyncLater();
    });
    self->events_->OnPhase(false);
    self->PrepareSource();
    self->OpenAhead();
    self->ReportEnd();
  });
}

void LocalFiles::PrepareSource() {
  const auto source = source_.lock();
  if (source == nullptr) return;
  writing_.Begin();
  const std::optional<TransferFailure> failure = source->Prepare(files_);
  if (!writing_.End()) {
    ended_ = true;
  } else if (failure) {
    FailNow(*failure);
  }
}

void LocalFiles::PostToSource(std::function<void(ContentSource&)> call) {
  if (auto source = source_.lock()) {
    context_.executor.Post([source = std::move(source), call = std::move(call)] { call(*source); });
  }
}

void LocalFiles::SetPhase(bool transferring) {
  file_strand_->Post([self = shared_from_this(), transferring] {
    if (self->Active()) self->events_->OnPhase(transferring);
  });
}

void LocalFiles::Write(FileStep step) {
  if (step.chunk != nullptr) backlog_ += step.chunk->size;
  file_strand_->Post([self = shared_from_this(), step = std::move(step)] {
    self->DoStep(step);
    if (step.chunk != nullptr) self->ReleaseBacklog(step.chunk->size);
  });
}

void LocalFiles::DoStep(const FileStep& step) {
  if (!Active()) return;
  const auto found = open_.find(step.index);
  if (found == open_.end()) return;
  const OpenFilePtr file = found->second;
  if (step.forget) return Forget(*file);
  if (step.doubt) {
    ++file->progress.doubts;
    return Report(*file);
  }
  if (step.fruitless) {
    file->progress.fruitless = *step.fruitless;
    return Report(*file);
  }
  writing_.Begin();
  const int error = WriteStep(*file, step);
  if (!writing_.End()) {
    ended_ = true;
    return;
  }
  if (error != 0) {
    TransferFailure failure = WriteFailure(error);
    failure.error.file_index = step.index;
    return FailNow(failure);
  }
  if (step.finish) return Finish(file);
  if (step.start) Report(*file);
  if (step.chunk != nullptr) Written(file);
}

int LocalFiles::WriteStep(OpenFile& file, const FileStep& step) {
  int error = step.start ? Begin(file, step) : 0;
  if (error == 0 && step.chunk != nullptr) error = WriteChunk(file, step);
  const uint64_t unwritten = file.written - file.hinted;
  // At the end of a file, too: small files that wait for their sync then share one commit of the
  // file system, as all their blocks are allocated before the first of them is synced.
  if (error == 0 && (unwritten >= kHintInterval || step.finish)) BeginWriting(file);
  return error;
}

void LocalFiles::Forget(OpenFile& file) {
  FileProgress empty;
  empty.temporary = file.progress.temporary;
  file.progress = std::move(empty);
  file.written = file.hinted = file.sync_begun = 0;
  Report(file);
}

int LocalFiles::Begin(OpenFile& file, const FileStep& step) {
  const ContentStart& start = *step.start;
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
  file.written = file.hinted = file.sync_begun = start.offset;
  ShowNext();
  return 0;
}

int LocalFiles::WriteChunk(OpenFile& file, const FileStep& step) {
  size_t done = 0;
  while (done < step.chunk->size && !stopping_) {
    const ssize_t count = pwrite(file.fd.get(), step.chunk->data.get() + done,
                                 step.chunk->size - done, static_cast<off_t>(step.offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    done += static_cast<size_t>(count);
    file.written = step.offset + done;
    if (unsynced_.empty()) task_.progress->bytes = file.written;
  }
  return 0;
}

void LocalFiles::BeginWriting(OpenFile& file) {
  if (file.written == file.hinted) return;
  sync_file_range(file.fd.get(), static_cast<off_t>(file.hinted),
                  static_cast<off_t>(file.written - file.hinted), SYNC_FILE_RANGE_WRITE);
  file.hinted = file.written;
}

void LocalFiles::Written(const OpenFilePtr& file) {
  if (file->syncing || file->progress.not_resumable) return;
  const auto every = absl::ToChronoNanoseconds(context_.options->sync_every);
  if (file->written - file->sync_begun >= context_.options->sync_interval ||
      SteadyClock::now() - file->last_sync >= every) {
    Sync(file, false);
  }
}

void LocalFiles::ReportEnd() {
  const bool all_opened = next_ == todo_.size() && planned_.empty() && !open_failure_;
  if (!Active() || !all_opened || !open_.empty() || !unsynced_.empty()) return;
  ended_ = true;
  events_->OnDone();
}

bool LocalFiles::AwaitDrain() {
  drain_awaited_ = true;
  // The last write may have ended in between, and then nobody else looks at the flag.
  return backlog_ > context_.options->max_backlog / 2 || !drain_awaited_.exchange(false);
}

void LocalFiles::ReleaseBacklog(size_t bytes) {
  const size_t left = backlog_ -= bytes;
  if (left <= context_.options->max_backlog / 2 && drain_awaited_.exchange(false)) {
    PostToSource([](ContentSource& source) { source.Continue(); });
  }
}

void LocalFiles::Report(const OpenFile& file) {
  news_.push_back({file.index, file.progress, std::nullopt});
  SendNews();
}

void LocalFiles::SendNews() {
  std::vector<FileNews> news = std::exchange(news_, {});
  if (!ended_ && !news.empty()) events_->OnFiles(std::move(news), nullptr);
}

void LocalFiles::ShowFile(uint32_t index, uint64_t bytes, uint64_t size) {
  // A reader in between sees no more bytes than the file it sees has.
  LiveProgress& live = *task_.progress;
  if (live.file != index || live.bytes > bytes) live.bytes = 0;
  live.size = kSizeUnknown;
  live.file = index;
  live.size = size;
  live.bytes = bytes;
}

/// Shows the first file that is not reported as transferred: what is shown never falls back.
void LocalFiles::ShowNext() {
  const auto& files = unsynced_.empty() ? open_ : unsynced_;
  if (files.empty()) return;
  const OpenFile& file = *files.begin()->second;
  ShowFile(file.index, file.written, file.progress.size);
}

void LocalFiles::Fail(TransferFailure failure) {
  file_strand_->Post(
      [self = shared_from_this(), failure = std::move(failure)] { self->FailNow(failure); });
}

void LocalFiles::FailNow(const TransferFailure& failure) {
  if (!Active()) return;
  // From here on nothing is written: what is queued behind a gap must not hide it.
  failing_ = true;
  WindDown([self = shared_from_this(), failure] { self->EndWith(failure); });
}

void LocalFiles::EndWith(const TransferFailure& failure) {
  if (std::exchange(ended_, true)) return;
  open_.clear();
  events_->OnFailed(failure);
}

void LocalFiles::Stop(std::function<void()> stopped) {
  stopping_ = true;
  file_strand_->Post([self = shared_from_this(), stopped = std::move(stopped)] {
    self->WindDown([self, stopped] {
      self->ended_ = true;
      self->over_ = true;
      self->open_.clear();
      stopped();
    });
  });
}

void LocalFiles::WindDown(std::function<void()> last) {
  auto then = [self = shared_from_this(), last = std::move(last)] {
    self->file_strand_->Post([self, last] { self->SyncForResume(last); });
  };
  auto source = source_.lock();
  // Without a source there is no network side any more.
  if (source == nullptr) return then();
  context_.executor.Post([source = std::move(source), then = std::move(then)] {
    source->Halt();
    then();
  });
}

}  // namespace bitsd
