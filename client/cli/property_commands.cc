// set-display-name, set-description, set-priority, set-min-retry-delay, set-no-progress-timeout.

#include <algorithm>
#include <cctype>
#include <charconv>

#include "client/cli/command.h"
#include "client/cli/job_ref.h"

namespace bits::cli {
namespace {

struct SetOptions {
  std::string job;
  std::string value;
};

absl::Status SetSeconds(const std::string& value, google::protobuf::Duration& duration) {
  uint32_t seconds = 0;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return UsageError("expected whole seconds, not '" + value + "'");
  }
  duration.set_seconds(seconds);
  return absl::OkStatus();
}

absl::Status SetDisplayName(const std::string& value, v1::Job& job) {
  job.set_display_name(value);
  return absl::OkStatus();
}

absl::Status SetDescription(const std::string& value, v1::Job& job) {
  job.set_description(value);
  return absl::OkStatus();
}

absl::Status SetPriority(const std::string& value, v1::Job& job) {
  std::string name = value;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  v1::JobPriority priority{};
  const bool known = v1::JobPriority_Parse("JOB_PRIORITY_" + name, &priority);
  if (!known || priority == v1::JOB_PRIORITY_UNSPECIFIED) {
    return UsageError("a priority is FOREGROUND, HIGH, NORMAL or LOW");
  }
  job.set_priority(priority);
  return absl::OkStatus();
}

absl::Status SetRetryDelay(const std::string& value, v1::Job& job) {
  return SetSeconds(value, *job.mutable_minimum_retry_delay());
}

absl::Status SetNoProgressTimeout(const std::string& value, v1::Job& job) {
  return SetSeconds(value, *job.mutable_no_progress_timeout());
}

struct Property {
  const char* field;
  const char* help;
  absl::Status (*set)(const std::string& value, v1::Job& job);
};

constexpr Property kDisplayName{"display_name", "1 to 256 characters", SetDisplayName};
constexpr Property kDescription{"description", "Up to 1,024 characters", SetDescription};
constexpr Property kPriority{"priority", "FOREGROUND, HIGH, NORMAL or LOW", SetPriority};
constexpr Property kRetryDelay{"minimum_retry_delay", "Seconds; less than 5 becomes 5",
                               SetRetryDelay};
constexpr Property kNoProgressTimeout{
    "no_progress_timeout", "Seconds; 0 means that nothing is retried", SetNoProgressTimeout};

template <const Property& property>
absl::Status Set(Context& context, const Client& client, const SetOptions& options) {
  v1::UpdateJobRequest request;
  absl::Status status = property.set(options.value, *request.mutable_job());
  if (!status.ok()) return status;
  const auto id = ResolveJob(client, options.job);
  if (!id.ok()) return id.status();
  request.mutable_job()->set_id(*id);
  request.mutable_update_mask()->add_paths(property.field);
  const auto job = client.UpdateJob(request);
  if (!job.ok()) return job.status();
  context.Show(*job, "job " + job->id() + ": " + property.field + " is set\n");
  return absl::OkStatus();
}

template <const Property& property>
void BuildSet(CLI::App& verb, Context& context) {
  auto options = std::make_shared<SetOptions>();
  verb.add_option("job", options->job, kJobHelp)->required();
  verb.add_option("value", options->value, property.help)->required();
  OnRunConnected(verb, context, options, Set<property>);
}

constexpr Command kCommands[] = {
    {"set-display-name", "Rename a job", BuildSet<kDisplayName>},
    {"set-description", "Describe a job", BuildSet<kDescription>},
    {"set-priority", "Set a job's priority", BuildSet<kPriority>},
    {"set-min-retry-delay", "Set the pause before a failed transfer is tried again",
     BuildSet<kRetryDelay>},
    {"set-no-progress-timeout", "Set how long a job is retried without progress",
     BuildSet<kNoProgressTimeout>},
};

}  // namespace

std::span<const Command> PropertyCommands() { return kCommands; }

}  // namespace bits::cli
