#include "server/transfer/files/cleanup.h"

#include <algorithm>

#include "server/transfer/job_audit.h"

namespace bitsd {
namespace {

bool Remove(const JobFiles& files, const CleanupTask& task, const TemporaryFile& file) {
  if (task.identities.empty()) return false;
  const auto creator =
      std::find_if(task.identities.begin(), task.identities.end(),
                   [&](const ActingIdentity& who) { return who.sid == file.creator; });
  const auto owner = task.identities.end() - 1;
  if (creator != task.identities.end() && files.Remove(*creator, file).ok()) return true;
  return creator != owner && files.Remove(*owner, file).ok();
}

}  // namespace

std::vector<TemporaryFile> RemoveTemporaries(FileBroker& broker, AuditLog& audit,
                                             const CleanupTask& task) {
  const JobFiles files(broker, audit, task.job, task.owner);
  std::vector<TemporaryFile> left;
  for (const TemporaryFile& file : task.files) {
    if (!Remove(files, task, file)) left.push_back(file);
  }
  return left;
}

}  // namespace bitsd
