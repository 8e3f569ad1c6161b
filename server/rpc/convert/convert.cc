#include "server/rpc/convert/convert.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/utf8.h"
#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

constexpr char kTokenOptionsInterface[] = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2";
constexpr int64_t kMaxDurationSeconds = 315'576'000'000;   // 10,000 years.
constexpr int64_t kMinTimestampSeconds = -62'135'596'800;  // 0001-01-01T00:00:00Z.
constexpr int64_t kMaxTimestampSeconds = 253'402'300'799;  // 9999-12-31T23:59:59Z.
constexpr int kMaxNanos = 999'999'999;
constexpr size_t kMaxText = 8192;

/// From BITS' numbers, which start at 0, to bits.v1's, where 0 means unspecified.
template <typename Proto, typename Domain>
Proto PlusOne(Domain value) {
  return static_cast<Proto>(static_cast<int>(value) + 1);
}

/// Text that may quote a server: proto3 strings are UTF-8, and clients drop a message that is not.
std::string Printable(std::string text) {
  if (text.size() > kMaxText) text.resize(kMaxText);
  if (DecodeUtf8(text)) return text;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }, '?');
  return text;
}

v1::JobProgress ProgressOf(const JobView& job) {
  v1::JobProgress progress;
  progress.set_bytes_total(job.bytes_total);
  progress.set_bytes_transferred(job.bytes_transferred);
  progress.set_files_total(static_cast<uint32_t>(job.record->files->size()));
  progress.set_files_transferred(job.files_transferred);
  return progress;
}

v1::JobTimes TimesOf(const JobRecord& record) {
  v1::JobTimes times;
  *times.mutable_creation_time() = ToProto(record.creation);
  *times.mutable_modification_time() = ToProto(record.modification);
  if (record.transfer_completion) {
    *times.mutable_transfer_completion_time() = ToProto(*record.transfer_completion);
  }
  return times;
}

void AddRecord(const JobRecord& record, v1::Job* out) {
  out->set_id(record.id.ToString());
  out->set_type(ToProto(record.type));
  out->set_display_name(record.display_name);
  out->set_description(record.description);
  out->set_priority(ToProto(record.priority));
  out->set_owner_sid(record.owner.ToString());
  out->set_elevated(record.elevated);
  *out->mutable_times() = TimesOf(record);
  if (record.error) *out->mutable_error() = ToProto(*record.error);
  out->set_error_count(record.error_count);
  out->set_helper_token_flags(record.token_flags);
  *out->mutable_minimum_retry_delay() = ToProto(record.minimum_retry_delay);
  *out->mutable_no_progress_timeout() = ToProto(record.no_progress_timeout);
}

/// While a job is not final its abandoned files may still be removed.
void AddUndeletedFiles(const JobView& job, v1::Job* out) {
  if (!IsFinal(job.state)) return;
  for (const TemporaryFile& file : job.record->abandoned) out->add_undeleted_files(file.path);
}

/// A property of UpdateJob: the path in the mask, and how its value is taken over.
struct Property {
  std::string_view path;
  absl::Status (*set)(const v1::Job& job, JobUpdate* update);
};

template <typename T>
absl::Status Store(absl::StatusOr<T> value, std::optional<T>* out) {
  if (!value.ok()) return value.status();
  *out = *std::move(value);
  return absl::OkStatus();
}

absl::Status Unset(std::string_view path) {
  return error::InvalidArgument(
      absl::StrCat("update_mask names ", std::string(path), ", but job does not set it: set it."));
}

const Property kProperties[] = {
    {"display_name",
     [](const v1::Job& job, JobUpdate* update) {
       update->display_name = job.display_name();
       return absl::OkStatus();
     }},
    {"description",
     [](const v1::Job& job, JobUpdate* update) {
       update->description = job.description();
       return absl::OkStatus();
     }},
    {"priority",
     [](const v1::Job& job, JobUpdate* update) {
       return Store(ParsePriority(job.priority()), &update->priority);
     }},
    {"minimum_retry_delay",
     [](const v1::Job& job, JobUpdate* update) {
       if (!job.has_minimum_retry_delay()) return Unset("minimum_retry_delay");
       return Store(ParseDuration(job.minimum_retry_delay()), &update->minimum_retry_delay);
     }},
    {"no_progress_timeout",
     [](const v1::Job& job, JobUpdate* update) {
       if (!job.has_no_progress_timeout()) return Unset("no_progress_timeout");
       return Store(ParseDuration(job.no_progress_timeout()), &update->no_progress_timeout);
     }},
    {"proxy_settings",
     [](const v1::Job& job, JobUpdate* update) {
       if (!job.has_proxy_settings()) return Unset("proxy_settings");
       return Store(ParseProxy(job.proxy_settings()), &update->proxy);
     }},
    {"http_security_flags",
     [](const v1::Job& job, JobUpdate* update) {
       update->security_flags = job.http_security_flags();
       return absl::OkStatus();
     }},
};

absl::Status SetProperty(std::string_view path, const v1::Job& job, JobUpdate* update) {
  const auto* property = std::find_if(std::begin(kProperties), std::end(kProperties),
                                      [path](const Property& p) { return p.path == path; });
  if (property != std::end(kProperties)) return property->set(job, update);
  return error::InvalidArgument(
      "update_mask has a path that cannot be set. Allowed: display_name, description, priority, "
      "minimum_retry_delay, no_progress_timeout, proxy_settings, http_security_flags.");
}

}  // namespace

v1::JobType ToProto(JobType type) { return PlusOne<v1::JobType>(type); }
v1::JobState ToProto(JobState state) { return PlusOne<v1::JobState>(state); }
v1::JobPriority ToProto(JobPriority priority) { return PlusOne<v1::JobPriority>(priority); }
v1::ErrorContext ToProto(ErrorContext context) { return PlusOne<v1::ErrorContext>(context); }

v1::WaitingFor ToProto(WaitingFor waiting_for) {
  return static_cast<v1::WaitingFor>(static_cast<int>(waiting_for));
}

v1::WatchJobsResponse::Kind ToProto(JobWatch::Kind kind) {
  return static_cast<v1::WatchJobsResponse::Kind>(static_cast<int>(kind));
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  time = std::clamp(time, absl::FromUnixSeconds(kMinTimestampSeconds),
                    absl::FromUnixSeconds(kMaxTimestampSeconds));
  const int64_t seconds = absl::ToUnixSeconds(time);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds);
  out.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return out;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  const absl::Duration most = absl::Seconds(kMaxDurationSeconds);
  duration = std::clamp(duration, -most, most);
  google::protobuf::Duration out;
  out.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return out;
}

v1::JobError ToProto(const JobError& error) {
  v1::JobError out;
  const auto hresult = static_cast<uint32_t>(error.hresult);
  out.set_context(ToProto(error.context));
  out.set_hresult(hresult);
  out.set_http_status(static_cast<uint32_t>(error.http_status));
  out.set_reason(HresultName(hresult));
  out.set_message(Printable(error.message));
  out.set_rule(error.rule);
  out.set_retryable(error.next_retry.has_value());
  if (error.next_retry) *out.mutable_next_retry_time() = ToProto(*error.next_retry);
  if (error.file_index) out.set_file_index(*error.file_index);
  return out;
}

v1::Job ToProto(const JobView& job) {
  v1::Job out;
  AddRecord(*job.record, &out);
  out.set_revision(job.revision);
  out.set_state(ToProto(job.state));
  out.set_waiting_for(ToProto(job.waiting_for));
  *out.mutable_progress() = ProgressOf(job);
  if (job.token_sid) out.set_helper_token_sid(job.token_sid->ToString());
  if (job.token_expires) *out.mutable_helper_token_expire_time() = ToProto(*job.token_expires);
  if (job.token_scope != nullptr) *out.mutable_helper_token_scope() = ToProto(*job.token_scope);
  out.set_helper_token_expires_soon(job.token_ends_soon);
  AddUndeletedFiles(job, &out);
  AddNetwork(job, &out);
  return out;
}

v1::File ToProto(const FileView& file) {
  v1::File out;
  out.set_index(file.index);
  out.set_remote_name(file.record.remote_name);
  out.set_local_name(file.record.local_name);
  out.set_bytes_total(file.bytes_total);
  out.set_bytes_transferred(file.bytes_transferred);
  out.set_transferred(file.record.progress.transferred);
  out.set_completed(file.record.completed);
  const FileProgress& progress = file.record.progress;
  out.set_not_resumable(progress.not_resumable);
  out.set_restarts(progress.restarts);
  if (progress.replaced_size != kSizeUnknown) {
    out.set_replaced_bytes_total(progress.replaced_size);
  }
  out.set_content_encoding(progress.version.content_encoding.str());
  out.set_final_url(Printable(progress.final_url));
  out.set_mode_not_set((file.record.not_set & kModeNotSet) != 0);
  out.set_time_not_set((file.record.not_set & kTimeNotSet) != 0);
  return out;
}

v1::WatchJobsResponse ToProto(const JobWatch::Event& event) {
  v1::WatchJobsResponse out;
  out.set_kind(ToProto(event.kind));
  if (event.job) *out.mutable_job() = ToProto(*event.job);
  out.set_resume_token(event.resume_token);
  return out;
}

absl::StatusOr<JobType> ParseType(v1::JobType type) {
  if (type == v1::JOB_TYPE_UNSPECIFIED) return JobType::kDownload;
  if (v1::JobType_IsValid(type)) return static_cast<JobType>(type - 1);
  return error::NotImplemented("type is none that exists: use JOB_TYPE_DOWNLOAD.");
}

absl::StatusOr<JobPriority> ParsePriority(v1::JobPriority priority) {
  if (priority != v1::JOB_PRIORITY_UNSPECIFIED && v1::JobPriority_IsValid(priority)) {
    return static_cast<JobPriority>(priority - 1);
  }
  return error::NotImplemented(
      "priority is none that exists: use foreground, high, normal or low.");
}

absl::StatusOr<absl::Duration> ParseDuration(const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  const bool in_range = seconds >= -kMaxDurationSeconds && seconds <= kMaxDurationSeconds &&
                        nanos >= -kMaxNanos && nanos <= kMaxNanos;
  const bool one_sign = (seconds <= 0 || nanos >= 0) && (seconds >= 0 || nanos <= 0);
  if (in_range && one_sign) return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
  return error::InvalidArgument(
      "A duration is not valid: seconds and nanos need one sign and the bounds of "
      "google.protobuf.Duration.");
}

absl::StatusOr<std::string> ParseRequestId(std::string_view text) {
  if (text.empty()) return std::string();
  const absl::StatusOr<JobId> id = JobId::Parse(text);
  if (!id.ok()) return error::InvalidArgument("request_id is no UUID: leave it empty or send one.");
  return id->ToString();
}

absl::StatusOr<std::string> ParseHandle(std::string_view bytes) {
  if (bytes.size() == kHandleSize) return std::string(bytes);
  return error::InvalidArgument("handle must be the 32 bytes that QueryInterface returned.");
}

absl::Status CheckInterfaceId(std::string_view text) {
  const absl::StatusOr<JobId> id = JobId::Parse(text);
  if (id.ok() && id->ToString() == kTokenOptionsInterface) return absl::OkStatus();
  return error::NoInterface(absl::StrCat("interface_id must be that of IBitsTokenOptions, ",
                                         kTokenOptionsInterface, "."));
}

absl::StatusOr<std::optional<Sid>> ParseHelper(const v1::QueryInterfaceRequest& request) {
  if (!request.has_helper_sid()) return std::optional<Sid>();
  absl::StatusOr<Sid> sid = Sid::Parse(request.helper_sid());
  if (!sid.ok()) return sid.status();
  return std::optional<Sid>(*sid);
}

absl::StatusOr<NewJob> ParseNewJob(const v1::CreateJobRequest& request) {
  const absl::StatusOr<JobType> type = ParseType(request.type());
  if (!type.ok()) return type.status();
  absl::StatusOr<JobPriority> priority = JobPriority::kNormal;
  if (request.priority() != v1::JOB_PRIORITY_UNSPECIFIED) {
    priority = ParsePriority(request.priority());
  }
  if (!priority.ok()) return priority.status();
  absl::StatusOr<std::string> request_id = ParseRequestId(request.request_id());
  if (!request_id.ok()) return request_id.status();
  return NewJob{request.display_name(), *type, request.description(), *priority,
                *std::move(request_id)};
}

std::vector<NewFile> ParseFiles(const v1::AddFileSetRequest& request) {
  std::vector<NewFile> files;
  files.reserve(static_cast<size_t>(request.files_size()));
  for (const v1::FileInfo& file : request.files()) {
    files.push_back({file.remote_name(), file.local_name()});
  }
  return files;
}

absl::StatusOr<JobUpdate> ParseUpdate(const v1::UpdateJobRequest& request) {
  if (request.update_mask().paths().empty()) {
    return error::InvalidArgument("update_mask is empty: name the properties to set.");
  }
  JobUpdate update;
  for (const std::string& path : request.update_mask().paths()) {
    if (absl::Status status = SetProperty(path, request.job(), &update); !status.ok()) {
      return status;
    }
  }
  if (request.has_expected_revision()) update.expected_revision = request.expected_revision();
  return update;
}

absl::StatusOr<WatchFilter> ParseWatch(const v1::WatchJobsRequest& request) {
  if (request.job_ids_size() > kMaxWatchedJobs) {
    return error::InvalidArgument("job_ids has over 1,000 ids: name fewer, or none for all.");
  }
  WatchFilter filter;
  filter.all_users = request.all_users();
  filter.resume_token = request.resume_token();
  for (const std::string& text : request.job_ids()) {
    const absl::StatusOr<JobId> id = JobId::Parse(text);
    if (!id.ok()) return id.status();
    filter.jobs.push_back(*id);
  }
  return filter;
}

}  // namespace bitsd::rpc
