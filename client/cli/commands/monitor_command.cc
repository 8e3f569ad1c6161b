// monitor: the progress of jobs, live.

#include <algorithm>
#include <cstdlib>

#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/error_file.h"
#include "client/cli/error_report.h"
#include "client/cli/job_ref.h"
#include "client/cli/live/follow.h"

namespace bits::cli {
namespace {

constexpr double kMinRefresh = 0.1;
constexpr double kMaxRefresh = 3600;

absl::StatusOr<std::chrono::milliseconds> Refresh(const Arguments& arguments) {
  if (!arguments.Given("--refresh")) return FollowOptions().refresh;
  const double seconds = std::strtod(arguments.Text("--refresh").c_str(), nullptr);
  if (seconds >= kMinRefresh && seconds <= kMaxRefresh) {
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  }
  return UsageError("--refresh takes 0.1 to 3600 seconds");
}

// How the run ends: by the first job that failed; what became of the others is said before.
absl::Status EndOf(const Context& context, const Client& client, const std::vector<v1::Job>& jobs) {
  absl::Status first;
  for (const v1::Job& job : jobs) {
    const absl::Status status = StatusOfJob(client, job);
    if (status.ok()) continue;
    if (first.ok()) {
      first = status;
    } else {
      context.Say(ErrorText(ReportOf(status)));
    }
  }
  return first;
}

absl::Status Monitor(Context& context, const Client& client, const Arguments& arguments) {
  FollowOptions options;
  const auto refresh = Refresh(arguments);
  if (!refresh.ok()) return refresh.status();
  options.refresh = *refresh;
  options.all_users = arguments.Flag("--all-users");
  for (const std::string& ref : arguments.List("jobs")) {
    auto id = ResolveJob(client, ref);
    if (!id.ok()) return id.status();
    const bool known = std::find(options.ids.begin(), options.ids.end(), *id) != options.ids.end();
    if (!known) options.ids.push_back(*std::move(id));
  }
  const auto jobs = Follow(context, client, options);
  return jobs.ok() ? EndOf(context, client, *jobs) : jobs.status();
}

constexpr Parameter kMonitor[] = {
    {.name = "jobs",
     .value = "JOB",
     .help = "Which; without one, all of yours until Ctrl-C",
     .offer = Offer::kJob,
     .many = true},
    {.name = "--all-users", .value = "", .help = "Everybody's jobs; for enabled administrators"},
    {.name = "--refresh",
     .value = "SECONDS",
     .help = "How often to ask for the bytes of running jobs; without it 1"},
};

constexpr Command kCommands[] = {
    {.name = "monitor",
     .summary = "Watch jobs until they are transferred or fail",
     .details = "Ends when every named job is TRANSFERRED or ended (exit code 0), or in ERROR or\n"
                "cancelled (1). On a terminal it draws bars; elsewhere it prints a line for each\n"
                "noteworthy change, with --json the whole job for each change.",
     .example = "bitsctl monitor nightly weekly\n"
                "bitsctl monitor --all-users",
     .parameters = kMonitor,
     .methods = "BackgroundCopyManager.WatchJobs BackgroundCopyManager.GetJob",
     .remote = Monitor},
};

}  // namespace

std::span<const Command> MonitorCommands() { return kCommands; }

}  // namespace bits::cli
