#include "server/job/changes/transfer_changes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "server/error/errors.h"
#include "server/model/record_bounds.h"
#include "server/policy/http_status.h"

namespace bitsd::change {
namespace {

/// At least the job's own; what a server asks for counts as far as the job goes on at all.
absl::Duration RetryDelay(const JobRecord& record, std::optional<absl::Duration> asked,
                          absl::Time now) {
  const absl::Duration left = *record.no_progress_since + record.no_progress_timeout - now;
  const absl::Duration wait =
      std::min({asked.value_or(absl::ZeroDuration()), policy::kMaxRetryAfter, left});
  return std::max(record.minimum_retry_delay, wait);
}

/// Ends the retries: the delay or the time without progress is over what the job allows.
bool MayRetry(const JobRecord& record, absl::Time now) {
  return record.no_progress_timeout > absl::ZeroDuration() &&
         record.minimum_retry_delay <= record.no_progress_timeout &&
         now - *record.no_progress_since < record.no_progress_timeout;
}

}  // namespace

Result FilesProgressed(const JobVersion& job, const std::vector<FileNews>& news) {
  const size_t count = job.record->files->size();
  const auto is_known = [count](const FileNews& file) { return file.index < count; };
  if (std::none_of(news.begin(), news.end(), is_known)) return job;
  return Edited(job, [&](JobRecord& record) {
    auto files = std::make_shared<FileRecords>(*record.files);
    for (const FileNews& file : news) {
      if (!is_known(file)) continue;
      FileProgress& progress = files->Edit(file.index).progress;
      progress = file.progress;
      Bound(progress);
      if (file.abandoned) Abandon(record, *file.abandoned, record.revision);
    }
    record.files = std::move(files);
  });
}

Result AllTransferred(const JobVersion& job, absl::Time now) {
  if (job.record->state != JobState::kQueued || !AllFilesTransferred(*job.record)) return job;
  return Edited(job, [&](JobRecord& record) {
    record.state = JobState::kTransferred;
    record.transfer_completion = now;
    record.no_progress_since.reset();
  });
}

Result Failed(const JobVersion& job, TransferFailure failure, bool progressed, absl::Time now) {
  if (job.record->state != JobState::kQueued) return job;
  return Edited(job, [&](JobRecord& record) {
    if (progressed || !record.no_progress_since) record.no_progress_since = now;
    if (failure.transient && MayRetry(record, now)) {
      failure.error.next_retry = now + RetryDelay(record, failure.retry_after, now);
    }
    Fail(record, std::move(failure.error));
  });
}

Result Retry(const JobVersion& job, absl::Time when) {
  const JobRecord& record = *job.record;
  const bool due = record.state == JobState::kTransientError && record.error->next_retry == when;
  if (!due || record.completing) return job;
  return Edited(job, [](JobRecord& edited) { Queue(edited); });
}

Result RetryUnknownIdentity(const JobVersion& job) {
  const JobRecord& record = *job.record;
  const bool unknown = record.state == JobState::kTransientError &&
                       record.error->rule == RuleName(Rule::kUnknownIdentity);
  if (!unknown || record.completing) return job;
  return Edited(job, [](JobRecord& edited) { Queue(edited); });
}

Result LeftBehind(const JobVersion& job, std::vector<TemporaryFile> files) {
  return Edited(job, [&](JobRecord& record) { record.abandoned = std::move(files); });
}

TransferFailure TokenRequired() {
  TransferFailure failure;
  failure.transient = false;
  failure.error.context = ErrorContext::kGeneralQueueManager;
  failure.error.hresult = Hresult::kTokenRequired;
  failure.error.message =
      "the job needs a helper token and has none: call SetHelperToken then Resume, or "
      "SetHelperTokenFlags(0) then Resume to go on as the owner";
  return failure;
}

}  // namespace bitsd::change
