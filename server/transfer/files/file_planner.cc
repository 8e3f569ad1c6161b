#include "server/transfer/files/file_planner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/policy/token_scope.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/files/look.h"
#include "server/transfer/files/temporary_names.h"

namespace bitsd {
namespace {

/// Files that are whole and wait for their sync.
constexpr size_t kMaxUnsynced = 64;
/// The store refused a plan: it is asked again after this.
constexpr std::chrono::seconds kRecordAgain{1};

std::vector<uint32_t> FilesToDo(const FileRecords& files) {
  std::vector<uint32_t> todo;
  for (uint32_t i = 0; i < files.size(); ++i) {
    if (!files[i].progress.transferred) todo.push_back(i);
  }
  return todo;
}

}  // namespace

FilePlanner::FilePlanner(LocalWork& work)
    : work_(work), opener_(work.task(), work.files()), todo_(FilesToDo(*work.task().files)) {
  if (todo_.empty()) return;
  const FilePlan first = PlanFile(todo_.front(), (*work_.task().files)[todo_.front()].progress);
  work_.reports().Show(first.index, first.resumable ? first.kept : 0, first.size);
}

void FilePlanner::AdaptTo(const OpenFile& whole) {
  ahead_ = whole.IsSmall() ? std::min(ahead_ * 2, kMaxAhead) : kMinAhead;
}

bool FilePlanner::HasRoom() const {
  const OpenFiles& open = work_.open();
  return open.written().size() <= ahead_ / 2 && open.unsynced().size() < kMaxUnsynced;
}

void FilePlanner::OpenAhead() {
  while (work_.Active() && !open_failure_) {
    if (planned_.empty()) PlanNext();
    if (planned_.empty() || !plan_recorded_ || !HasRoom()) break;
    OpenPlanned();
  }
  work_.reports().Send();
  // Files come one after the other: a file that cannot be opened counts when its turn has come.
  if (open_failure_ && work_.open().empty()) work_.parts().OnFailure(*open_failure_);
}

void FilePlanner::PlanNext() {
  const FileRecords& files = *work_.task().files;
  for (size_t count = std::min(ahead_, todo_.size() - next_); count > 0; --count) {
    const uint32_t index = todo_[next_];
    if (absl::Status lent = CheckLoan(files[index]); !lent.ok()) {
      // It fails when its turn has come.
      if (planned_.empty()) FailToOpen(index, lent);
      break;
    }
    ++next_;
    const auto& old = files[index].progress.temporary;
    planned_.push_back(old ? PlannedFile{index, *old, std::nullopt, true, true}
                           : PlanAnew(index, std::nullopt));
  }
  RecordPlan();
}

absl::Status FilePlanner::CheckLoan(const FileRecord& file) const {
  const policy::LoanLimits& loan = work_.task().loan;
  absl::Status lent = policy::CheckLoanedFile(loan, file.local_name);
  return lent.ok() ? policy::CheckLoanedHost(loan, file.remote_name) : lent;
}

void FilePlanner::FailToOpen(uint32_t index, const absl::Status& status) {
  open_failure_ = LocalFailure(status);
  open_failure_->error.file_index = index;
}

PlannedFile FilePlanner::PlanAnew(uint32_t index, std::optional<TemporaryFile> abandoned) const {
  const DownloadTask& task = work_.task();
  const std::string path = TemporaryNameFor((*task.files)[index].local_name);
  return {index, {path, task.local.sid, {}}, std::move(abandoned), false, false};
}

void FilePlanner::RecordPlan() {
  plan_recorded_ = std::all_of(planned_.begin(), planned_.end(),
                               [](const PlannedFile& planned) { return planned.recorded; });
  if (plan_recorded_) return;
  std::vector<FileNews> news = work_.reports().Take();
  for (const PlannedFile& planned : planned_) {
    if (planned.recorded) continue;
    FileNews& one = news.emplace_back();
    one.index = planned.index;
    one.progress.temporary = planned.temporary;
    one.abandoned = planned.abandoned;
  }
  Record(std::move(news));
}

void FilePlanner::Record(std::vector<FileNews> news) {
  auto again = std::make_shared<const std::vector<FileNews>>(news);
  const auto answer = [this, again](bool recorded) {
    if (!work_.Active()) return;
    recorded ? OnRecorded() : RecordLater(again);
  };
  work_.reports().Tell(std::move(news), [this, alive = work_.owner(), answer](bool recorded) {
    if (const auto owner = alive.lock()) work_.Post([answer, recorded] { answer(recorded); });
  });
}

void FilePlanner::OnRecorded() {
  for (PlannedFile& planned : planned_) planned.recorded = true;
  plan_recorded_ = true;
  OpenAhead();
}

void FilePlanner::RecordLater(const std::shared_ptr<const std::vector<FileNews>>& news) {
  const auto again = [this, news] {
    work_.Post([this, news] {
      if (work_.Active()) Record(*news);
    });
  };
  work_.executor().Post([&executor = work_.executor(), again = work_.IfAlive(again)] {
    executor.PostAfter(kRecordAgain, again);
  });
}

void FilePlanner::OpenPlanned() {
  std::vector<PlannedFile> batch = std::exchange(planned_, {});
  std::vector<FilePlan> ready;
  while (ready.size() < batch.size() && work_.Active() && !open_failure_) {
    std::vector<OpenFilePtr> opened;
    absl::Status status = opener_.Open(batch, ready.size(), &opened);
    for (const OpenFilePtr& file : opened) Opened(file, &ready);
    if (!status.ok() && ReplaceLost(batch, ready.size(), std::move(status))) break;
  }
  if (ready.empty() || !work_.Active()) return;
  work_.PostToSource([ready = std::move(ready)](ContentSource& source) { source.Fetch(ready); });
}

/// File number `lost` of `batch` could not be opened. True: another is planned in its place.
bool FilePlanner::ReplaceLost(std::vector<PlannedFile>& batch, size_t lost, absl::Status why) {
  PlannedFile& failed = batch[lost];
  if (failed.old && IsLost(why)) why = opener_.GiveUp(failed);
  if (!why.ok()) {
    FailToOpen(failed.index, why);
    return false;
  }
  // What is gone, or can be removed at once, need not be remembered.
  const bool gone = opener_.Remove(failed.temporary);
  failed = PlanAnew(failed.index, gone ? std::nullopt : std::optional(failed.temporary));
  planned_.assign(batch.begin() + static_cast<ptrdiff_t>(lost), batch.end());
  RecordPlan();
  return true;
}

void FilePlanner::Opened(const OpenFilePtr& file, std::vector<FilePlan>* ready) {
  if (file->is_new) work_.reports().Add(*file);
  work_.open().Add(file);
  ready->push_back(PlanFile(file->index, file->progress));
}

}  // namespace bitsd
