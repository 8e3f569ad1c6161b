#include "server/transfer/files/cleanup.h"

#include <algorithm>

#include "server/transfer/common/job_files.h"

namespace bitsd {
namespace {

enum class Removal { kDone, kFailed, kUntried };

Removal Remove(const JobFiles& files, const CleanupTask& task, const TemporaryFile& file,
               const Errand::GoesOn& goes_on) {
  if (!goes_on()) return Removal::kUntried;
  if (task.identities.empty()) return Removal::kFailed;
  const auto creator =
      std::find_if(task.identities.begin(), task.identities.end(),
                   [&](const ActingIdentity& who) { return who.sid == file.creator; });
  const auto owner = task.identities.end() - 1;
  if (creator != task.identities.end() && files.Remove(*creator, file).ok()) return Removal::kDone;
  if (creator == owner) return Removal::kFailed;
  if (!goes_on()) return Removal::kUntried;
  return files.Remove(*owner, file).ok() ? Removal::kDone : Removal::kFailed;
}

}  // namespace

CleanupEnd RemoveTemporaries(FileBroker& broker, AuditLog& audit, const CleanupTask& task,
                             const Errand::GoesOn& goes_on) {
  const JobFiles files(broker, audit, task.job, task.owner);
  CleanupEnd end;
  for (const TemporaryFile& file : task.files) {
    switch (Remove(files, task, file, goes_on)) {
      case Removal::kDone: break;
      case Removal::kFailed: end.left.push_back(file); break;
      case Removal::kUntried: end.untried.push_back(file); break;
    }
  }
  return end;
}

}  // namespace bitsd
