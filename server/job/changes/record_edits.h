// Steps that several changes of a job have in common: edits of a record that is being made.
//
// Thread safety: pure functions but for the record they edit, which is the caller's alone.

#ifndef BITSD_SERVER_JOB_CHANGES_RECORD_EDITS_H_
#define BITSD_SERVER_JOB_CHANGES_RECORD_EDITS_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/job/changes/job_version.h"
#include "server/model/job_record.h"

namespace bitsd::change {

using Result = absl::StatusOr<JobVersion>;

/// BG_E_INVALID_STATE for a job that has ended.
absl::Status NotFinal(const JobRecord& record);

/// A copy of the record to change, in place of `job.record`.
template <typename Edit>
JobVersion Edited(const JobVersion& job, Edit edit) {
  auto record = std::make_shared<JobRecord>(*job.record);
  edit(*record);
  return {std::move(record), job.token};
}

bool AllFilesTransferred(const JobRecord& record);

/// One more temporary file that nobody at hand can remove. At the bound it takes the place of
/// another one, by `turn`, so that few rows of the store change.
void Abandon(JobRecord& record, const TemporaryFile& file, uint64_t turn);

/// The job wants to run, without an error.
void Queue(JobRecord& record);

/// TRANSIENT_ERROR when it is tried again, else ERROR.
void Fail(JobRecord& record, JobError error);

}  // namespace bitsd::change

#endif  // BITSD_SERVER_JOB_CHANGES_RECORD_EDITS_H_
