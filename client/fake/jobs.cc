// The fake's calls on jobs.
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "client/base/uuid.h"
#include "client/fake/errors.h"
#include "client/fake/state.h"

namespace bits {
namespace {

using google::protobuf::util::FieldMaskUtil;
using google::protobuf::util::TimeUtil;

constexpr uint32_t kOk = 0;
constexpr uint32_t kPartialComplete = 0x00200017;
constexpr uint32_t kLocalFile = 1;

bool MayBeUpdated(const std::string& path) {
  static const auto* const paths = new std::set<std::string>{
      "display_name",        "description",    "priority",           "minimum_retry_delay",
      "no_progress_timeout", "proxy_settings", "http_security_flags"};
  return paths->count(path) > 0;
}

void End(v1::Job& job, v1::JobState state) {
  job.set_state(state);
  job.clear_error();
  job.clear_helper_token_sid();
  job.clear_helper_token_expire_time();
  job.clear_helper_token_scope();
}

}  // namespace

void FakeService::State::ServeJobs() {
  Serve(&State::CreateJob);
  Serve(&State::GetJob);
  Serve(&State::ListJobs);
  Serve(&State::AddFileSet);
  Serve(&State::ListFiles);
  Serve(&State::UpdateJob);
  Serve(&State::Suspend);
  Serve(&State::Resume);
  Serve(&State::Cancel);
  Serve(&State::Complete);
}

absl::Status FakeService::State::CreateJob(const CallContext& context,
                                           const v1::CreateJobRequest& request,
                                           v1::CreateJobResponse& answer) {
  if (request.display_name().empty()) return fake::InvalidArgument("display_name is empty");
  const auto known = request_ids_.find(request.request_id());
  if (known != request_ids_.end()) {
    *answer.mutable_job() = jobs_[known->second].job;
    return absl::OkStatus();
  }
  auto id = NewUuid();
  if (!id.ok()) return id.status();
  Entry& entry = jobs_[*id];
  v1::Job& job = entry.job;
  job.set_id(*id);
  job.set_type(v1::JOB_TYPE_DOWNLOAD);
  job.set_state(v1::JOB_STATE_SUSPENDED);
  job.set_display_name(request.display_name());
  job.set_description(request.description());
  const bool normal = request.priority() == v1::JOB_PRIORITY_UNSPECIFIED;
  job.set_priority(normal ? v1::JOB_PRIORITY_NORMAL : request.priority());
  job.set_owner_sid(context.sid());
  *job.mutable_times()->mutable_creation_time() = TimeUtil::GetCurrentTime();
  Touch(entry);
  order_.push_back(*id);
  if (!request.request_id().empty()) request_ids_[request.request_id()] = *id;
  *answer.mutable_job() = job;
  return absl::OkStatus();
}

absl::Status FakeService::State::GetJob(const CallContext& context,
                                        const v1::GetJobRequest& request,
                                        v1::GetJobResponse& answer) {
  const auto entry = FindFor(context, request.job_id());
  if (entry.ok()) *answer.mutable_job() = (*entry)->job;
  return entry.status();
}

absl::Status FakeService::State::ListJobs(const CallContext& context,
                                          const v1::ListJobsRequest& request,
                                          v1::ListJobsResponse& answer) {
  if (request.all_users()) return fake::Denied("all_users");
  for (const std::string& id : order_) {
    if (FindUnfinished(context, id).ok()) *answer.add_jobs() = jobs_[id].job;
  }
  return absl::OkStatus();
}

absl::Status FakeService::State::AddFileSet(const CallContext& context,
                                            const v1::AddFileSetRequest& request,
                                            v1::AddFileSetResponse& answer) {
  const auto entry = FindUnfinished(context, request.job_id());
  if (!entry.ok()) return entry.status();
  if (request.files().empty()) return fake::InvalidArgument("no files");
  auto& [job, files] = **entry;
  const bool repeat = request_ids_.count(request.request_id()) > 0;
  for (const v1::FileInfo& added : request.files()) {
    if (repeat) break;
    v1::File& file = files.emplace_back();
    file.set_index(static_cast<uint32_t>(files.size() - 1));
    file.set_remote_name(added.remote_name());
    file.set_local_name(added.local_name());
    file.set_bytes_total(UINT64_MAX);
  }
  if (!request.request_id().empty()) request_ids_[request.request_id()] = job.id();
  if (!repeat) Touch(**entry);
  *answer.mutable_job() = job;
  return absl::OkStatus();
}

absl::Status FakeService::State::ListFiles(const CallContext& context,
                                           const v1::ListFilesRequest& request,
                                           v1::ListFilesResponse& answer) {
  const auto entry = FindFor(context, request.job_id());
  if (!entry.ok()) return entry.status();
  answer.mutable_files()->Assign((*entry)->files.begin(), (*entry)->files.end());
  return absl::OkStatus();
}

absl::Status FakeService::State::UpdateJob(const CallContext& context,
                                           const v1::UpdateJobRequest& request,
                                           v1::UpdateJobResponse& answer) {
  const auto entry = FindUnfinished(context, request.job().id());
  if (!entry.ok()) return entry.status();
  v1::Job& job = (*entry)->job;
  const auto& paths = request.update_mask().paths();
  if (paths.empty() || !std::all_of(paths.begin(), paths.end(), MayBeUpdated)) {
    return fake::InvalidArgument("update_mask is empty or names another field");
  }
  if (request.has_expected_revision() && request.expected_revision() != job.revision()) {
    return fake::InvalidState("the job has changed", "stale_revision");
  }
  FieldMaskUtil::MergeMessageTo(request.job(), request.update_mask(), FieldMaskUtil::MergeOptions(),
                                &job);
  Touch(**entry);
  *answer.mutable_job() = job;
  return absl::OkStatus();
}

absl::Status FakeService::State::Suspend(const CallContext& context,
                                         const v1::SuspendRequest& request,
                                         v1::SuspendResponse& answer) {
  const auto entry = FindUnfinished(context, request.job_id());
  if (!entry.ok()) return entry.status();
  v1::Job& job = (*entry)->job;
  if (job.state() != v1::JOB_STATE_SUSPENDED) {
    job.set_state(v1::JOB_STATE_SUSPENDED);
    job.clear_error();
    Touch(**entry);
  }
  *answer.mutable_job() = job;
  return absl::OkStatus();
}

absl::Status FakeService::State::Resume(const CallContext& context,
                                        const v1::ResumeRequest& request,
                                        v1::ResumeResponse& answer) {
  const auto entry = FindUnfinished(context, request.job_id());
  if (!entry.ok()) return entry.status();
  auto& [job, files] = **entry;
  if (files.empty()) return fake::Precondition(0x80200003, "BG_E_EMPTY", "the job has no files");
  const bool whole = std::all_of(files.begin(), files.end(),
                                 [](const v1::File& file) { return file.transferred(); });
  const bool stays =
      job.state() == v1::JOB_STATE_QUEUED || (job.state() == v1::JOB_STATE_TRANSFERRED && whole);
  if (!stays) {
    job.set_state(v1::JOB_STATE_QUEUED);
    job.clear_error();
    Touch(**entry);
  }
  *answer.mutable_job() = job;
  return absl::OkStatus();
}

absl::Status FakeService::State::Cancel(const CallContext& context,
                                        const v1::CancelRequest& request,
                                        v1::CancelResponse& answer) {
  const auto entry = FindUnfinished(context, request.job_id());
  if (!entry.ok()) return entry.status();
  End((*entry)->job, v1::JOB_STATE_CANCELLED);
  Touch(**entry);
  *answer.mutable_job() = (*entry)->job;
  answer.set_hresult(kOk);
  return absl::OkStatus();
}

absl::Status FakeService::State::Complete(const CallContext& context,
                                          const v1::CompleteRequest& request,
                                          v1::CompleteResponse& answer) {
  const auto entry = FindUnfinished(context, request.job_id());
  if (!entry.ok()) return entry.status();
  auto& [job, files] = **entry;
  const bool lent = (job.helper_token_flags() & kLocalFile) != 0;
  if (lent && !job.has_helper_token_sid()) return fake::TokenRequired();
  bool whole = true;
  for (v1::File& file : files) {
    whole = whole && file.transferred();
    file.set_completed(file.transferred());
  }
  End(job, v1::JOB_STATE_ACKNOWLEDGED);
  Touch(**entry);
  *answer.mutable_job() = job;
  answer.set_hresult(whole ? kOk : kPartialComplete);
  return absl::OkStatus();
}

}  // namespace bits
