// How a download comes by its temporary files: planned, recorded, and only then created.

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/policy/local_names.h"
#include "server/policy/token_scope.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/files/local_files.h"
#include "server/transfer/files/look.h"
#include "server/transfer/files/temporary_names.h"

namespace bitsd {
namespace {

/// Files that are whole and wait for their sync.
constexpr size_t kMaxUnsynced = 64;
/// The store refused a plan: it is asked again after this.
constexpr std::chrono::seconds kRecordAgain{1};

}  // namespace

void LocalFiles::OpenAhead() {
  while (Active() && !open_failure_) {
    if (planned_.empty()) PlanNext();
    const bool room = open_.size() <= ahead_ / 2 && unsynced_.size() < kMaxUnsynced;
    if (planned_.empty() || !plan_recorded_ || !room) break;
    OpenPlanned();
  }
  SendNews();
  // Files come one after the other: a file that cannot be opened counts when its turn has come.
  if (open_failure_ && open_.empty() && unsynced_.empty()) FailNow(*open_failure_);
}

void LocalFiles::PlanNext() {
  for (size_t count = std::min(ahead_, todo_.size() - next_); count > 0; --count) {
    const uint32_t index = todo_[next_];
    if (absl::Status lent = CheckLoan((*task_.files)[index]); !lent.ok()) {
      // It fails when its turn has come.
      if (planned_.empty()) FailToOpen(index, lent);
      break;
    }
    ++next_;
    const auto& old = (*task_.files)[index].progress.temporary;
    planned_.push_back(old ? PlannedFile{index, *old, std::nullopt, true, true}
                           : PlanAnew(index, std::nullopt));
  }
  RecordPlan();
}

absl::Status LocalFiles::CheckLoan(const FileRecord& file) const {
  absl::Status lent = policy::CheckLoanedFile(task_.loan, file.local_name);
  return lent.ok() ? policy::CheckLoanedHost(task_.loan, file.remote_name) : lent;
}

void LocalFiles::FailToOpen(uint32_t index, const absl::Status& status) {
  open_failure_ = LocalFailure(status);
  open_failure_->error.file_index = index;
}

LocalFiles::PlannedFile LocalFiles::PlanAnew(uint32_t index,
                                             std::optional<TemporaryFile> abandoned) const {
  const std::string path = TemporaryNameFor((*task_.files)[index].local_name);
  return {index, {path, task_.local.sid, {}}, std::move(abandoned), false, false};
}

// A name is in the store before there is a file of that name: whatever ends this process, the file
// is found again.
void LocalFiles::RecordPlan() {
  std::vector<FileNews> news = std::exchange(news_, {});
  const size_t before = news.size();
  for (const PlannedFile& planned : planned_) {
    if (planned.recorded) continue;
    FileNews& one = news.emplace_back();
    one.index = planned.index;
    one.progress.temporary = planned.temporary;
    one.abandoned = planned.abandoned;
  }
  plan_recorded_ = news.size() == before;
  if (plan_recorded_) {
    news_ = std::move(news);
  } else {
    Record(std::move(news));
  }
}

void LocalFiles::Record(std::vector<FileNews> news) {
  auto again = std::make_shared<const std::vector<FileNews>>(news);
  events_->OnFiles(std::move(news), [weak = weak_from_this(), again](bool recorded) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->file_strand_->Post([self, recorded, again] {
      if (!self->Active()) return;
      if (!recorded) return self->RecordLater(again);
      for (PlannedFile& planned : self->planned_) planned.recorded = true;
      self->plan_recorded_ = true;
      self->OpenAhead();
    });
  });
}

void LocalFiles::RecordLater(const std::shared_ptr<const std::vector<FileNews>>& news) {
  context_.executor.Post([&executor = context_.executor, weak = weak_from_this(), news] {
    executor.PostAfter(kRecordAgain, [weak, news] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->file_strand_->Post([self, news] {
        if (self->Active()) self->Record(*news);
      });
    });
  });
}

void LocalFiles::OpenPlanned() {
  std::vector<PlannedFile> batch = std::exchange(planned_, {});
  std::vector<FilePlan> ready;
  for (size_t i = 0; i < batch.size() && Active() && !open_failure_;) {
    PlannedFile& file = batch[i];
    const bool reopens = file.temporary.id.known();
    absl::Status status = reopens ? Reopen(file, &ready) : Create(batch, i, &ready);
    i = ready.size();
    if (status.ok()) continue;
    PlannedFile& failed = batch[i];
    if (failed.old && IsLost(status)) status = GiveUp(failed);
    if (status.ok()) {
      // What is gone, or can be removed at once, need not be remembered.
      const bool gone = files_.Remove(task_.local, failed.temporary).ok();
      failed = PlanAnew(failed.index, gone ? std::nullopt : std::optional(failed.temporary));
      planned_.assign(batch.begin() + static_cast<ptrdiff_t>(i), batch.end());
      RecordPlan();
      break;
    }
    FailToOpen(failed.index, status);
  }
  if (ready.empty() || !Active()) return;
  PostToSource([ready = std::move(ready)](ContentSource& source) { source.Fetch(ready); });
}

absl::Status LocalFiles::Reopen(const PlannedFile& planned, std::vector<FilePlan>* ready) {
  const FileRecord& record = (*task_.files)[planned.index];
  auto fd = files_.Reopen(task_.local, planned.temporary);
  if (!fd.ok()) return fd.status();
  auto file = std::make_shared<OpenFile>();
  file->index = planned.index;
  file->fd = *std::move(fd);
  file->progress = record.progress;
  struct stat info {};
  // A file that is shorter than the record was cut by a restart that the record does not know of.
  if (fstat(file->fd.get(), &info) != 0 ||
      static_cast<uint64_t>(info.st_size) < record.progress.synced) {
    file->progress.synced = 0;
  }
  file->written = file->hinted = file->sync_begun = file->progress.synced;
  AddOpen(file, ready);
  return absl::OkStatus();
}

/// OK when a new file may take the place of the recorded one, which is lost to us. Where no file
/// can be created either, nothing is given up: what there is counts again once the folder is open.
absl::Status LocalFiles::GiveUp(const PlannedFile& planned) const {
  return files_.CheckDirectory(task_.local, policy::DirectoryOf(planned.temporary.path));
}

/// What AddFileSet could not look at, as nobody was there to do it: before all is downloaded in
/// vain. Leaves the first of `paths` where not all can be put in place.
absl::Status LocalFiles::CheckDestinations(const std::vector<PlannedFile>& batch, size_t first,
                                           std::vector<std::string>* paths) const {
  if (!task_.local.is_helper) return absl::OkStatus();
  std::vector<std::string> destinations;
  for (size_t i = 0; i < paths->size(); ++i) {
    destinations.push_back((*task_.files)[batch[first + i].index].local_name);
  }
  absl::Status status = files_.CheckDestinations(task_.local, destinations);
  if (status.ok() || paths->size() == 1) return status;
  paths->resize(1);
  destinations.resize(1);
  return files_.CheckDestinations(task_.local, destinations);
}

/// Creates the files from number `first` on that share its directory.
absl::Status LocalFiles::Create(const std::vector<PlannedFile>& batch, size_t first,
                                std::vector<FilePlan>* ready) {
  const std::string directory = policy::DirectoryOf(batch[first].temporary.path);
  std::vector<std::string> paths;
  for (size_t i = first; i < batch.size() && paths.size() < FileBroker::kMaxTogether; ++i) {
    const TemporaryFile& temporary = batch[i].temporary;
    if (temporary.id.known() || policy::DirectoryOf(temporary.path) != directory) break;
    // It may have been created before bitsd was ended.
    absl::Status gone = batch[i].old ? files_.Remove(task_.local, temporary) : absl::OkStatus();
    if (!gone.ok() && i == first) return gone;
    if (!gone.ok()) break;
    paths.push_back(temporary.path);
  }
  absl::Status status = CheckDestinations(batch, first, &paths);
  if (!status.ok()) return status;
  std::vector<OpenTemporary> created;
  status = files_.Create(task_.local, paths, &created);
  for (size_t i = 0; i < created.size(); ++i) {
    auto file = std::make_shared<OpenFile>();
    file->index = batch[first + i].index;
    file->fd = std::move(created[i].fd);
    file->is_new = true;
    file->progress.temporary = TemporaryFile{paths[i], task_.local.sid, created[i].id};
    news_.push_back({file->index, file->progress, std::nullopt});
    AddOpen(file, ready);
  }
  return status;
}

void LocalFiles::AddOpen(const OpenFilePtr& file, std::vector<FilePlan>* ready) {
  file->last_sync = SteadyClock::now();
  struct stat info {};
  if (fstat(file->fd.get(), &info) == 0) file->device = info.st_dev;
  open_.emplace(file->index, file);
  ready->push_back(PlanFile(file->index, file->progress));
}

}  // namespace bitsd
