#include "server/job/changes/job_changes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/changes/network_changes.h"
#include "server/job/changes/transfer_changes.h"
#include "server/policy/job_limits.h"

namespace bitsd::change {
namespace {

bool WantsToRun(JobState state) {
  return state == JobState::kQueued || state == JobState::kTransientError;
}

bool IsLost(const FileRecord& file, const TemporaryFile& lost) {
  const auto& temporary = file.progress.temporary;
  return file.progress.transferred && !file.completed && temporary && *temporary == lost;
}

void StartAgain(JobRecord& record, const LostFiles& lost) {
  auto files = std::make_shared<FileRecords>(*record.files);
  for (const auto& [index, temporary] : lost) {
    if (index >= files->size() || !IsLost((*files)[index], temporary)) continue;
    files->Edit(index).progress = FileProgress();
    Abandon(record, temporary, record.revision + index);
  }
  record.files = std::move(files);
}

/// The tickets of whoever acts on the network have ended.
bool WaitsForTickets(const JobRecord& record) {
  return record.state == JobState::kTransientError && !record.completing &&
         record.error->hresult == Hresult::kTokenRequired;
}

/// One of two files with the same local name would replace the other.
absl::Status CheckNewNames(const FileRecords& files, const std::vector<NewFile>& added) {
  const auto twice = [](const std::string& name) {
    return error::InvalidArgument(absl::StrCat(
        "\"", name, "\" is the local name of two files of the job: give each its own"));
  };
  std::unordered_set<std::string_view> names;
  for (const NewFile& file : added) {
    if (!names.insert(file.local_name).second) return twice(file.local_name);
  }
  for (const FileRecord& file : files) {
    if (names.count(file.local_name) != 0) return twice(file.local_name);
  }
  return absl::OkStatus();
}

}  // namespace

Result Suspend(const JobVersion& job) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  if (job.record->state == JobState::kSuspended) return job;
  return Edited(job, [](JobRecord& record) {
    record.state = JobState::kSuspended;
    record.error.reset();
  });
}

Result Resume(const JobVersion& job, const LostFiles& lost) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  const JobRecord& old = *job.record;
  if (old.files->empty()) return error::Empty();
  if (old.state == JobState::kQueued) return job;
  const bool again = std::any_of(lost.begin(), lost.end(), [&](const auto& file) {
    return file.first < old.files->size() && IsLost((*old.files)[file.first], file.second);
  });
  if (old.state == JobState::kTransferred && AllFilesTransferred(old) && !again) return job;
  return Edited(job, [&](JobRecord& record) {
    if (again) StartAgain(record, lost);
    Queue(record);
    record.no_progress_since.reset();
  });
}

Result Cancel(const JobVersion& job) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  JobVersion next = Edited(job, [](JobRecord& record) {
    record.state = JobState::kCancelled;
    record.error.reset();
    record.network = WithoutSecrets(record.network);
  });
  next.token = nullptr;
  return next;
}

Result AddFiles(const JobVersion& job, const std::vector<NewFile>& files, size_t max_files) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  max_files = std::min(max_files, policy::kMaxFilesPerJob);
  if (files.size() > max_files || job.record->files->size() > max_files - files.size()) {
    return error::TooManyFilesInJob(
        absl::StrCat("the job has ", job.record->files->size(), " files, these are ", files.size(),
                     " more, and it may have ", max_files,
                     " (limits.files_per_job): use another job for the rest"));
  }
  if (absl::Status s = CheckNewNames(*job.record->files, files); !s.ok()) return s;
  return Edited(job, [&](JobRecord& record) {
    auto all = std::make_shared<FileRecords>(*record.files);
    for (const NewFile& file : files) {
      FileRecord added;
      added.remote_name = file.remote_name;
      added.local_name = file.local_name;
      all->push_back(std::move(added));
    }
    record.files = std::move(all);
  });
}

Result Update(const JobVersion& job, const JobUpdate& update) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  return Edited(job, [&](JobRecord& record) {
    if (update.display_name) record.display_name = *update.display_name;
    if (update.description) record.description = *update.description;
    if (update.priority) record.priority = *update.priority;
    if (update.minimum_retry_delay) {
      record.minimum_retry_delay =
          std::max(*update.minimum_retry_delay, policy::kMinimumRetryDelayFloor);
    }
    if (update.no_progress_timeout) record.no_progress_timeout = *update.no_progress_timeout;
    UpdateNetwork(update, record);
  });
}

Result BeginCompletion(const JobVersion& job) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  return Edited(job, [](JobRecord& record) {
    record.completing = true;
    if (!WantsToRun(record.state)) return;
    record.state = JobState::kSuspended;
    record.error.reset();
  });
}

Result EndCompletion(const JobVersion& job, const std::vector<PlacedFile>& published,
                     const absl::Status& status) {
  const bool ends = status.ok() && !IsFinal(job.record->state);
  JobVersion next = Edited(job, [&](JobRecord& record) {
    record.completing = false;
    auto files = std::make_shared<FileRecords>(*record.files);
    for (const PlacedFile& placed : published) {
      FileRecord& file = files->Edit(placed.index);
      file.completed = true;
      file.not_set = placed.not_set;
    }
    record.files = std::move(files);
    if (!ends) return;
    record.state = JobState::kAcknowledged;
    record.error.reset();
    record.network = WithoutSecrets(record.network);
  });
  if (ends) next.token = nullptr;
  return next;
}

Result SetFlags(const JobVersion& job, uint32_t flags) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  if (job.record->token_flags == flags) return job;
  return Edited(job, [&](JobRecord& record) { record.token_flags = flags; });
}

Result SetToken(const JobVersion& job, HelperTokenPtr token) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  JobVersion next = Edited(job, [](JobRecord& record) {
    if (WaitsForTickets(record)) Queue(record);
  });
  next.token = std::move(token);
  return next;
}

Result DropToken(const JobVersion& job) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  if (job.token == nullptr) return job;
  JobVersion next = Edited(job, [](JobRecord& record) {
    if (record.token_flags == 0 || record.state == JobState::kTransferred) return;
    Fail(record, TokenRequired().error);
  });
  next.token = nullptr;
  return next;
}

Result DiscardToken(const JobVersion& job, const HelperToken* token) {
  if (job.token.get() != token) return job;
  return DropToken(job);
}

}  // namespace bitsd::change
