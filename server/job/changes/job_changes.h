// The changes a job can go through: pure functions from the newest version to the next.
//
// Each is the decision of one call or event, with BITS' transitions (docs/semantics.md, "Jobs").
// They do not ask who calls: that was judged before. A result equal to its input changes nothing
// and succeeds. What the work of a job changes is in transfer_changes.h. Thread safety: pure
// functions.

#ifndef BITSD_SERVER_JOB_CHANGES_JOB_CHANGES_H_
#define BITSD_SERVER_JOB_CHANGES_JOB_CHANGES_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/job/changes/job_version.h"
#include "server/job/changes/record_edits.h"
#include "server/job/service/job_requests.h"
#include "server/model/job_record.h"
#include "server/model/transfer_service.h"

namespace bitsd::change {

Result Suspend(const JobVersion& job);
/// Transferred files that can no longer be put in place.
using LostFiles = std::vector<std::pair<uint32_t, TemporaryFile>>;

/// What is lost starts again.
Result Resume(const JobVersion& job, const LostFiles& lost = {});
Result Cancel(const JobVersion& job);
Result AddFiles(const JobVersion& job, const std::vector<NewFile>& files, size_t max_files);
/// But for update.expected_revision, which is of what was shown: Job::Change.
Result Update(const JobVersion& job, const JobUpdate& update);

/// Complete, first step: records the intent and stops the transfer.
Result BeginCompletion(const JobVersion& job);
/// Complete, last step: `published` are in place; with OK the job is ACKNOWLEDGED, unless it was
/// cancelled meanwhile.
Result EndCompletion(const JobVersion& job, const std::vector<PlacedFile>& published,
                     const absl::Status& status);

Result SetFlags(const JobVersion& job, uint32_t flags);
/// A job that waits for tickets goes on at once.
Result SetToken(const JobVersion& job, HelperTokenPtr token);
/// The token goes away. An incomplete job with flags goes to ERROR, BG_E_TOKEN_REQUIRED, at once.
Result DropToken(const JobVersion& job);
/// DropToken if `token` still is the job's.
Result DiscardToken(const JobVersion& job, const HelperToken* token);

}  // namespace bitsd::change

#endif  // BITSD_SERVER_JOB_CHANGES_JOB_CHANGES_H_
