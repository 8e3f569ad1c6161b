#include "server/transfer/files/look.h"

#include <string>

#include "server/error/errors.h"
#include "server/policy/local_names.h"
#include "server/policy/token_scope.h"

namespace bitsd {

bool IsLost(const absl::Status& status) {
  const std::string rule = DetailOf(status).rule;
  return rule == RuleName(Rule::kFileReplaced) || rule == RuleName(Rule::kNotPermitted) ||
         rule == RuleName(Rule::kPathIsLink) || rule == RuleName(Rule::kPathNotRegular);
}

std::vector<uint32_t> FindLost(const JobFiles& files, const LookTask& task,
                               const Errand::GoesOn& goes_on) {
  std::vector<uint32_t> lost;
  uint32_t next = 0;
  for (const FileRecord& file : *task.files) {
    const uint32_t index = next++;
    const auto& temporary = file.progress.temporary;
    if (!file.progress.transferred || file.completed || !temporary) continue;
    // What was not lent for is not looked at: Complete will say so.
    if (!policy::CheckLoanedFile(task.loan, file.local_name).ok()) continue;
    if (!goes_on()) break;
    const absl::Status there = files.CheckTemporary(task.local, *temporary, file.local_name);
    if (!IsLost(there) || !goes_on()) continue;
    // Where no file can be made nothing is given up: what there is may count again.
    const std::string folder = policy::DirectoryOf(temporary->path);
    if (files.CheckDirectory(task.local, folder).ok()) lost.push_back(index);
  }
  return lost;
}

}  // namespace bitsd
