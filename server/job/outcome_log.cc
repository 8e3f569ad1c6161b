#include "server/job/outcome_log.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

std::string_view EventOf(JobState state) {
  switch (state) {
    case JobState::kError: return "job_error";
    case JobState::kTransientError: return "job_transient_error";
    default: return "job_transferred";
  }
}

/// Without user, password, query and fragment.
std::string WithoutSecrets(const std::string& url) {
  std::string shown = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = shown.find("://");
  if (scheme == std::string::npos) return shown;
  const size_t host = scheme + 3;
  const size_t at = shown.rfind('@', shown.find('/', host));
  if (at != std::string::npos && at >= host) shown.erase(host, at + 1 - host);
  return shown;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

void AddError(const JobRecord& job, const JobError& error, AuditEvent* event) {
  auto& fields = event->fields;
  const auto hresult = static_cast<uint32_t>(error.hresult);
  fields.emplace_back("error", HresultName(hresult));
  fields.emplace_back("hresult", absl::StrCat("0x", absl::Hex(hresult, absl::kZeroPad8)));
  if (error.http_status != 0) fields.emplace_back("http_status", std::to_string(error.http_status));
  if (!error.rule.empty()) fields.emplace_back("rule", error.rule);
  if (error.file_index && *error.file_index < job.files->size()) {
    const FileRecord& file = (*job.files)[*error.file_index];
    fields.emplace_back("url", WithoutSecrets(file.remote_name));
    fields.emplace_back("path", file.local_name);
  }
  if (error.next_retry) fields.emplace_back("next_retry", TimeText(*error.next_retry));
}

}  // namespace

void OutcomeLog::Add(const JobRecord& job) {
  const std::optional<uint64_t> left_out = limits_.Take(job.owner, clock_.Now());
  if (!left_out) return;
  AuditEvent event{EventOf(job.state),
                   {{"job", job.id.ToString()}, {"owner_sid", job.owner.ToString()}}};
  if (job.error) AddError(job, *job.error, &event);
  if (!job.error) event.fields.emplace_back("files", std::to_string(job.files->size()));
  if (*left_out > 0) event.fields.emplace_back("left_out", std::to_string(*left_out));
  audit_.Write(std::move(event));
}

}  // namespace bitsd
