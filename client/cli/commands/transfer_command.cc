// transfer: a whole download in one command.

#include <optional>
#include <utility>

#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/error_file.h"
#include "client/cli/error_report.h"
#include "client/cli/format.h"
#include "client/cli/job_handle.h"
#include "client/cli/live/follow.h"
#include "client/cli/output/json.h"
#include "client/cli/token_flags.h"
#include "client/cli/token_scope.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

// The helper that lends its identity, and for what.
struct Helper {
  Client client;
  uint32_t flags;
};

absl::StatusOr<std::optional<Helper>> FindHelper(const Context& context,
                                                 const Arguments& arguments) {
  if (!arguments.Given("--as-helper")) {
    if (!arguments.Given("--helper-flags")) return std::optional<Helper>();
    return UsageError("--helper-flags needs --as-helper: whose token is used?");
  }
  const bool given = arguments.Given("--helper-flags");
  const auto flags = ParseTokenFlags(given ? arguments.Text("--helper-flags") : "LOCAL_FILE");
  if (!flags.ok()) return flags.status();
  auto client = context.ConnectAs(arguments.Text("--as-helper"));
  if (!client.ok()) return client.status();
  return std::optional<Helper>(Helper{*std::move(client), *flags});
}

absl::StatusOr<v1::Job> Create(const Client& client, const Arguments& arguments) {
  v1::CreateJobRequest request;
  request.set_display_name(arguments.Text("name"));
  request.set_description(arguments.Text("--description"));
  if (arguments.Given("--priority")) {
    const auto priority = ParsePriority(arguments.Text("--priority"));
    if (!priority.ok()) return priority.status();
    request.set_priority(*priority);
  }
  return client.CreateJob(std::move(request));
}

// The token comes before the files: their folder is checked as the identity that will write.
absl::Status Prepare(const Client& client, const std::string& job_id,
                     const std::optional<Helper>& helper, const std::vector<v1::FileInfo>& files) {
  if (helper) {
    absl::Status status = WithJobHandle(client, job_id, client.sid(), [&](const Handle& handle) {
      return client.SetHelperTokenFlags(handle, helper->flags);
    });
    if (!status.ok()) return status;
    const auto scope = ScopeFor(files, helper->flags);
    if (!scope.ok()) return scope.status();
    const auto lent = Lend(client, job_id, helper->client, *scope);
    if (!lent.ok()) return lent.status();
  }
  v1::AddFileSetRequest request;
  request.set_job_id(job_id);
  request.mutable_files()->Add(files.begin(), files.end());
  const auto added = client.AddFileSet(std::move(request));
  return added.ok() ? client.Resume(job_id).status() : added.status();
}

absl::Status Finish(const Context& context, const Client& client, const std::string& id) {
  const auto jobs = Follow(context, client, {.ids = {id}});
  if (!jobs.ok()) {
    return WithAdvice(jobs.status(), "job " + id + " goes on by itself: bitsctl monitor " + id +
                                         ", then bitsctl complete " + id + "; bitsctl cancel " +
                                         id + " ends it");
  }
  const v1::Job& job = jobs->front();
  if (absl::Status status = StatusOfJob(client, job); !status.ok()) {
    if (job.state() != v1::JOB_STATE_ERROR) return status;
    return WithAdvice(status, "the job is kept: bitsctl resume " + id +
                                  " tries again, bitsctl cancel " + id + " gives it up");
  }
  if (job.state() == v1::JOB_STATE_ACKNOWLEDGED) return absl::OkStatus();
  const auto completed = client.Complete(id);
  if (!completed.ok()) {
    return WithAdvice(completed.status(), "the files are here: bitsctl complete " + id);
  }
  if (context.json()) context.out << JsonLine(completed->job());
  context.Say("completed job " + id + "\n");
  return absl::OkStatus();
}

absl::Status Transfer(Context& context, const Client& client, const Arguments& arguments) {
  const auto files = ParsePairs(arguments.List("names"));
  if (!files.ok()) return files.status();
  const auto helper = FindHelper(context, arguments);
  if (!helper.ok()) return helper.status();
  const auto job = Create(client, arguments);
  if (!job.ok()) return job.status();
  absl::Status status = Prepare(client, job->id(), *helper, *files);
  if (!status.ok()) {
    client.Cancel(job->id()).status().IgnoreError();  // Nothing of it stays.
    return status;
  }
  if (!arguments.Flag("--detach")) {
    context.Say("job " + job->id() + "\n");
    return Finish(context, client, job->id());
  }
  const auto started = client.GetJob(job->id());
  context.Show(started.ok() ? *started : *job, "started job " + job->id() + "\nbitsctl monitor " +
                                                   job->id() + " watches it, bitsctl complete " +
                                                   job->id() + " puts its files in place\n");
  return absl::OkStatus();
}

constexpr Parameter kTransfer[] = {
    {.name = "name",
     .value = "NAME",
     .help = "Display name, 1 to 256 characters",
     .required = true},
    {.name = "names",
     .value = "URL FILE",
     .help = "http or https URL and absolute path, in turn",
     .offer = Offer::kFile,
     .required = true,
     .many = true},
    {.name = "--priority",
     .value = "PRIORITY",
     .help = "Without it NORMAL",
     .offer = Offer::kChoices,
     .choices = kPriorities},
    {.name = "--description", .value = "TEXT", .help = "Up to 1,024 characters"},
    {.name = "--as-helper",
     .value = "NAME",
     .help = "Identity of the configuration file that lends its token to the job",
     .offer = Offer::kIdentity},
    {.name = "--helper-flags",
     .value = "FLAGS",
     .help = "What the helper's token is used for; without it LOCAL_FILE",
     .offer = Offer::kSuggestions,
     .choices = kTokenFlags},
    {.name = "--detach",
     .value = "",
     .help = "Start the job and return; complete puts the files in place later"},
};

constexpr Command kCommands[] = {
    {.name = "transfer",
     .summary = "Download files: create, add-file, resume, monitor and complete in one",
     .details =
         "Ctrl-C ends the watching, not the job. A job that fails is kept, so that it can be\n"
         "resumed; one that could not be started is cancelled. A helper lends for the folders of\n"
         "the files, and for --helper-flags, only.",
     .example = "bitsctl transfer nightly https://mirror.example/a.iso /srv/in/a.iso\n"
                "bitsctl --as fetcher transfer nightly https://mirror.example/a.iso "
                "/srv/alice/a.iso --as-helper alice",
     .parameters = kTransfer,
     .methods = "BackgroundCopyManager.CreateJob BackgroundCopyJob.AddFileSet "
                "BackgroundCopyJob.Resume BackgroundCopyManager.WatchJobs "
                "BackgroundCopyJob.Complete BackgroundCopyJob.Cancel",
     .remote = Transfer},
};

}  // namespace

std::span<const Command> TransferCommands() { return kCommands; }

}  // namespace bits::cli
