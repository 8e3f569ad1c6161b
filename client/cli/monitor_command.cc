// monitor: one job's progress, live.

#include <ostream>

#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/job_ref.h"

namespace bits::cli {
namespace {

struct MonitorOptions {
  std::string job;
};

constexpr char kEraseLine[] = "\r\x1b[K";

// Draws over the last line of a terminal; elsewhere prints each line that differs from the last.
class ProgressWriter {
 public:
  explicit ProgressWriter(Context& context) : context_(context) {}
  ProgressWriter(const ProgressWriter&) = delete;
  ProgressWriter& operator=(const ProgressWriter&) = delete;

  ~ProgressWriter() {
    if (context_.terminal && !last_.empty()) context_.out << "\n";
  }

  void Write(const v1::Job& job) {
    const std::string line = ProgressLine(job);
    if (line == last_) return;
    last_ = line;
    if (context_.terminal) {
      context_.out << kEraseLine << line << std::flush;
    } else {
      context_.out << line << std::endl;
    }
  }

 private:
  Context& context_;
  std::string last_;
};

bool IsEnd(v1::JobState state) {
  return state == v1::JOB_STATE_TRANSFERRED || state == v1::JOB_STATE_ERROR ||
         state == v1::JOB_STATE_ACKNOWLEDGED || state == v1::JOB_STATE_CANCELLED;
}

absl::Status EndOf(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_CANCELLED) {
    return absl::CancelledError("job " + job.id() + " was cancelled");
  }
  if (job.state() != v1::JOB_STATE_ERROR) return absl::OkStatus();
  return absl::AbortedError("job " + job.id() + " is in ERROR: " + job.error().message());
}

absl::StatusOr<v1::Job> WatchToEnd(JobWatch& watch, ProgressWriter& writer) {
  while (true) {
    auto event = watch.Next();
    if (!event.ok()) return event.status();
    if (!event->has_value()) return absl::UnavailableError("the service ended the watch");
    if (!(*event)->has_job()) continue;
    writer.Write((*event)->job());
    if (IsEnd((*event)->job().state())) return (*event)->job();
  }
}

absl::StatusOr<v1::Job> WatchJob(Context& context, const Client& client, const std::string& id) {
  v1::WatchJobsRequest request;
  request.add_job_ids(id);
  JobWatch watch = client.WatchJobs(request);
  ProgressWriter writer(context);
  return WatchToEnd(watch, writer);
}

absl::Status Monitor(Context& context, const Client& client, const MonitorOptions& options) {
  const auto id = ResolveJob(client, options.job);
  if (!id.ok()) return id.status();
  const auto job = WatchJob(context, client, *id);
  if (!job.ok()) return job.status();
  if (job->has_error()) context.out << JobInfo(*job);
  return EndOf(*job);
}

void BuildMonitor(CLI::App& verb, Context& context) {
  auto options = std::make_shared<MonitorOptions>();
  verb.add_option("job", options->job, kJobHelp)->required();
  verb.footer(
      "Ends when the job is TRANSFERRED or ended (exit status 0), or in ERROR or cancelled (1).\n"
      "Away from a terminal it prints one line for each change.");
  OnRunConnected(verb, context, options, Monitor);
}

constexpr Command kCommands[] = {
    {"monitor", "Watch a job until it is transferred or fails", BuildMonitor},
};

}  // namespace

std::span<const Command> MonitorCommands() { return kCommands; }

}  // namespace bits::cli
