#include "server/transfer/files/look.h"

#include <string>
#include <string_view>

#include "server/error/errors.h"
#include "server/policy/local_names.h"
#include "server/policy/token_scope.h"

namespace bitsd {

bool IsLost(const absl::Status& status) {
  const std::string rule = DetailOf(status).rule;
  return rule == RuleName(Rule::kFileReplaced) || rule == RuleName(Rule::kNotPermitted) ||
         rule == RuleName(Rule::kPathIsLink) || rule == RuleName(Rule::kPathNotRegular);
}

namespace {

/// Looks of one kind at one job's files: a line in the audit log for those that found what they
/// looked for, and one for the others.
class Looks {
 public:
  explicit Looks(std::string_view event) : event_(event) {}

  absl::Status Add(const std::string& path, const absl::Status& status) {
    Tally& tally = status.ok() ? found_ : missed_;
    tally = {path, status, tally.count + 1};
    return status;
  }
  void Write(const JobFiles& files, const ActingIdentity& who) const {
    for (const Tally* tally : {&found_, &missed_}) {
      if (tally->count > 0) files.Note(event_, who, tally->path, tally->status, tally->count);
    }
  }

 private:
  struct Tally {
    std::string path;  ///< The last.
    absl::Status status;
    size_t count = 0;
  };
  const std::string_view event_;
  Tally found_;
  Tally missed_;
};

}  // namespace

std::vector<uint32_t> FindLost(const JobFiles& files, const LookTask& task,
                               const Errand::GoesOn& goes_on) {
  Looks temporaries("temporary_checked");
  Looks folders("directory_checked");
  std::vector<uint32_t> lost;
  uint32_t next = 0;
  for (const FileRecord& file : *task.files) {
    const uint32_t index = next++;
    const auto& temporary = file.progress.temporary;
    if (!file.progress.transferred || file.completed || !temporary) continue;
    // What was not lent for is not looked at: Complete will say so.
    if (!policy::CheckLoanedFile(task.loan, file.local_name).ok()) continue;
    if (!goes_on()) break;
    const absl::Status there = temporaries.Add(
        temporary->path,
        files.LookAtTemporary(task.local, *temporary, file.local_name, SizeOf(file.progress)));
    if (!IsLost(there) || !goes_on()) continue;
    // Where no file can be made nothing is given up: what there is may count again.
    const std::string folder = policy::DirectoryOf(temporary->path);
    const absl::Status can = folders.Add(folder, files.LookAtDirectory(task.local, folder));
    if (can.ok()) lost.push_back(index);
  }
  temporaries.Write(files, task.local);
  folders.Write(files, task.local);
  return lost;
}

}  // namespace bitsd
