#include "server/job/changes/record_edits.h"

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/model/record_bounds.h"

namespace bitsd::change {

absl::Status NotFinal(const JobRecord& record) {
  if (!IsFinal(record.state)) return absl::OkStatus();
  return error::InvalidState(record.state == JobState::kCancelled
                                 ? "the job is CANCELLED: create a new one"
                                 : "the job is ACKNOWLEDGED: create a new one");
}

bool AllFilesTransferred(const JobRecord& record) {
  return std::all_of(record.files->begin(), record.files->end(),
                     [](const FileRecord& file) { return file.progress.transferred; });
}

void Abandon(JobRecord& record, const TemporaryFile& file, uint64_t turn) {
  if (record.abandoned.size() < kMaxAbandoned) {
    record.abandoned.push_back(file);
  } else {
    record.abandoned[turn % kMaxAbandoned] = file;
  }
}

void Queue(JobRecord& record) {
  record.state = JobState::kQueued;
  record.error.reset();
  record.transfer_completion.reset();
}

void Fail(JobRecord& record, JobError error) {
  Bound(error, record.files->size());
  record.state = error.next_retry ? JobState::kTransientError : JobState::kError;
  record.error = std::move(error);
  ++record.error_count;
}

}  // namespace bitsd::change
