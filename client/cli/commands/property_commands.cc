// set-display-name, set-description, set-priority, set-min-retry-delay, set-no-progress-timeout.

#include <limits>

#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/job_ref.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

constexpr uint64_t kMaxSeconds = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kMaxRevision = std::numeric_limits<uint64_t>::max();

absl::Status SetSeconds(const std::string& value, google::protobuf::Duration& duration) {
  const auto seconds = ParseNumber(value, "a time in seconds", kMaxSeconds);
  if (!seconds.ok()) return seconds.status();
  duration.set_seconds(static_cast<int64_t>(*seconds));
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
  const auto priority = ParsePriority(value);
  if (!priority.ok()) return priority.status();
  job.set_priority(*priority);
  return absl::OkStatus();
}

absl::Status SetRetryDelay(const std::string& value, v1::Job& job) {
  return SetSeconds(value, *job.mutable_minimum_retry_delay());
}

absl::Status SetNoProgressTimeout(const std::string& value, v1::Job& job) {
  return SetSeconds(value, *job.mutable_no_progress_timeout());
}

using Setter = absl::Status (*)(const std::string& value, v1::Job& job);

struct Field {
  const char* path;
  Setter set;
};

constexpr Field kDisplayName{"display_name", SetDisplayName};
constexpr Field kDescription{"description", SetDescription};
constexpr Field kPriority{"priority", SetPriority};
constexpr Field kRetryDelay{"minimum_retry_delay", SetRetryDelay};
constexpr Field kNoProgressTimeout{"no_progress_timeout", SetNoProgressTimeout};

template <const Field& field>
absl::Status Set(Context& context, const Client& client, const Arguments& arguments) {
  v1::UpdateJobRequest request;
  absl::Status status = field.set(arguments.Text("value"), *request.mutable_job());
  if (!status.ok()) return status;
  if (arguments.Given("--expected-revision")) {
    const auto revision =
        ParseNumber(arguments.Text("--expected-revision"), "a revision", kMaxRevision);
    if (!revision.ok()) return revision.status();
    request.set_expected_revision(*revision);
  }
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  request.mutable_job()->set_id(*id);
  request.mutable_update_mask()->add_paths(field.path);
  const auto job = client.UpdateJob(request);
  if (!job.ok()) return job.status();
  context.Show(*job, "job " + job->id() + ": " + field.path + " is set\n");
  return absl::OkStatus();
}

constexpr Parameter kRevision{.name = "--expected-revision",
                              .value = "REVISION",
                              .help = "Refuse the change when the job has another one by now"};

constexpr Parameter Value(std::string_view value, std::string_view help) {
  return {.name = "value", .value = value, .help = help, .required = true};
}

constexpr Parameter kNameParameters[] = {kJobParameter, Value("NAME", "1 to 256 characters"),
                                         kRevision};
constexpr Parameter kDescriptionParameters[] = {kJobParameter,
                                                Value("TEXT", "Up to 1,024 characters"), kRevision};
constexpr Parameter kPriorityParameters[] = {kJobParameter,
                                             {.name = "value",
                                              .value = "PRIORITY",
                                              .help = "Which",
                                              .offer = Offer::kChoices,
                                              .choices = kPriorities,
                                              .required = true},
                                             kRevision};
constexpr Parameter kDelayParameters[] = {kJobParameter, Value("SECONDS", "Less than 5 becomes 5"),
                                          kRevision};
constexpr Parameter kTimeoutParameters[] = {
    kJobParameter, Value("SECONDS", "0 means that nothing is retried"), kRevision};

constexpr char kMethods[] = "BackgroundCopyJob.UpdateJob";

constexpr Command kCommands[] = {
    {.name = "set-display-name",
     .summary = "Rename a job",
     .details = "",
     .example = "bitsctl set-display-name nightly weekly",
     .parameters = kNameParameters,
     .methods = kMethods,
     .remote = Set<kDisplayName>},
    {.name = "set-description",
     .summary = "Describe a job",
     .details = "",
     .example = "bitsctl set-description nightly \"Images of the mirror\"",
     .parameters = kDescriptionParameters,
     .methods = kMethods,
     .remote = Set<kDescription>},
    {.name = "set-priority",
     .summary = "Set a job's priority",
     .details = "",
     .example = "bitsctl set-priority nightly FOREGROUND",
     .parameters = kPriorityParameters,
     .methods = kMethods,
     .remote = Set<kPriority>},
    {.name = "set-min-retry-delay",
     .summary = "Set the pause before a failed transfer is tried again",
     .details = "",
     .example = "bitsctl set-min-retry-delay nightly 60",
     .parameters = kDelayParameters,
     .methods = kMethods,
     .remote = Set<kRetryDelay>},
    {.name = "set-no-progress-timeout",
     .summary = "Set how long a job is retried without progress",
     .details = "",
     .example = "bitsctl set-no-progress-timeout nightly 86400",
     .parameters = kTimeoutParameters,
     .methods = kMethods,
     .remote = Set<kNoProgressTimeout>},
};

}  // namespace

std::span<const Command> PropertyCommands() { return kCommands; }

}  // namespace bits::cli
