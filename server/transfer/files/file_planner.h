// Which files of a download are opened next, and when: planned, recorded, and only then created.
//
// A temporary file is created only once its name is in the store (the plan): whenever this process
// ends, the next one finds it. What many small files need is done for many at once: they are
// planned and created in batches. Files are opened ahead of the network, few while files are large,
// as what is there without being needed is in the way, and more while they are small.
//
// Thread safety: the file strand only; opening blocks. Ownership: of LocalFiles.

#ifndef BITSD_SERVER_TRANSFER_FILES_FILE_PLANNER_H_
#define BITSD_SERVER_TRANSFER_FILES_FILE_PLANNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "server/transfer/common/file_plan.h"
#include "server/transfer/files/file_opener.h"
#include "server/transfer/files/local_work.h"

namespace bitsd {

class FilePlanner {
 public:
  explicit FilePlanner(LocalWork& work);

  /// Plans and opens what there is room for.
  void OpenAhead();
  /// A file became whole: how many are made ready follows how large they are.
  void AdaptTo(const OpenFile& whole);
  /// No file is left to open.
  bool AllOpened() const { return next_ == todo_.size() && planned_.empty() && !open_failure_; }

 private:
  static constexpr size_t kMinAhead = 3;
  static constexpr size_t kMaxAhead = 32;

  void PlanNext();
  /// What a lender did not lend for is not opened, and nobody else opens it instead.
  absl::Status CheckLoan(const FileRecord& file) const;
  void FailToOpen(uint32_t index, const absl::Status& status);
  PlannedFile PlanAnew(uint32_t index, std::optional<TemporaryFile> abandoned) const;
  void RecordPlan();
  void Record(std::vector<FileNews> news);
  void OnRecorded();
  void RecordLater(const std::shared_ptr<const std::vector<FileNews>>& news);
  void OpenPlanned();
  bool HasRoom() const;
  bool ReplaceLost(std::vector<PlannedFile>& batch, size_t lost, absl::Status why);
  void Opened(const OpenFilePtr& file, std::vector<FilePlan>* ready);

  LocalWork& work_;
  const FileOpener opener_;
  const std::vector<uint32_t> todo_;
  size_t next_ = 0;                              ///< Into todo_: the next file to plan.
  size_t ahead_ = kMinAhead;                     ///< So many files are planned at once.
  std::vector<PlannedFile> planned_;             ///< The next to open.
  bool plan_recorded_ = false;                   ///< They may be created.
  std::optional<TransferFailure> open_failure_;  ///< Of a file that is not yet needed.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_FILE_PLANNER_H_
