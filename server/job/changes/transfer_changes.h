// The changes that the work of a job brings: progress, the end of a transfer, failure, retry.
//
// As those of job_changes.h: pure functions from the newest version to the next. Thread safety:
// pure functions.

#ifndef BITSD_SERVER_JOB_CHANGES_TRANSFER_CHANGES_H_
#define BITSD_SERVER_JOB_CHANGES_TRANSFER_CHANGES_H_

#include <vector>

#include "absl/time/time.h"
#include "server/job/changes/job_version.h"
#include "server/job/changes/record_edits.h"
#include "server/model/job_record.h"
#include "server/model/transfer_service.h"

namespace bitsd::change {

/// News of the files of the download.
Result FilesProgressed(const JobVersion& job, const std::vector<FileNews>& news);
/// Every file the download knew of is transferred: TRANSFERRED, unless files were added meanwhile.
Result AllTransferred(const JobVersion& job, absl::Time now);
/// The transfer failed: TRANSIENT_ERROR or ERROR, by the job's timeouts. `progressed`: bytes were
/// gained since the last failure.
Result Failed(const JobVersion& job, TransferFailure failure, bool progressed, absl::Time now);
/// The retry delay of a TRANSIENT_ERROR is over, if it is still the one that ends at `when`.
Result Retry(const JobVersion& job, absl::Time when);
/// As Retry, before its time, when the broker did not know the identity: it may know it now.
Result RetryUnknownIdentity(const JobVersion& job);
/// Temporary files that could not be removed after the end of the job.
Result LeftBehind(const JobVersion& job, std::vector<TemporaryFile> files);

/// The job needs a helper token and has none.
TransferFailure TokenRequired();

}  // namespace bitsd::change

#endif  // BITSD_SERVER_JOB_CHANGES_TRANSFER_CHANGES_H_
