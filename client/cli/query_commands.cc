// list, info, list-files, server-info.

#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/job_ref.h"

namespace bits::cli {
namespace {

struct ListOptions {
  bool all_users = false;
};

struct JobOptions {
  std::string job;
};

struct NoOptions {};

absl::Status List(Context& context, const Client& client, const ListOptions& options) {
  const auto jobs = client.ListAllJobs(options.all_users);
  if (!jobs.ok()) return jobs.status();
  v1::ListJobsResponse message;
  message.mutable_jobs()->Add(jobs->begin(), jobs->end());
  context.Show(message, JobList(*jobs));
  return absl::OkStatus();
}

void BuildList(CLI::App& verb, Context& context) {
  auto options = std::make_shared<ListOptions>();
  verb.add_flag("--all-users", options->all_users, "Everybody's jobs; for enabled administrators");
  verb.footer("Columns: id, name, state, files done / total, bytes done / total.");
  OnRunConnected(verb, context, options, List);
}

absl::Status Info(Context& context, const Client& client, const JobOptions& options) {
  const auto id = ResolveJob(client, options.job);
  if (!id.ok()) return id.status();
  const auto job = client.GetJob(*id);
  if (!job.ok()) return job.status();
  context.Show(*job, JobInfo(*job));
  return absl::OkStatus();
}

absl::Status ListFiles(Context& context, const Client& client, const JobOptions& options) {
  const auto id = ResolveJob(client, options.job);
  if (!id.ok()) return id.status();
  const auto files = client.ListAllFiles(*id);
  if (!files.ok()) return files.status();
  v1::ListFilesResponse message;
  message.mutable_files()->Add(files->begin(), files->end());
  context.Show(message, FileList(*files));
  return absl::OkStatus();
}

template <absl::Status (*run)(Context&, const Client&, const JobOptions&)>
void BuildJobQuery(CLI::App& verb, Context& context) {
  auto options = std::make_shared<JobOptions>();
  verb.add_option("job", options->job, kJobHelp)->required();
  OnRunConnected(verb, context, options, run);
}

absl::Status ShowServer(Context& context, const Client& client, const NoOptions&) {
  const auto info = client.GetServerInfo();
  if (!info.ok()) return info.status();
  context.Show(*info, ServerInfo(*info));
  return absl::OkStatus();
}

void BuildServerInfo(CLI::App& verb, Context& context) {
  OnRunConnected(verb, context, std::make_shared<NoOptions>(), ShowServer);
}

constexpr Command kCommands[] = {
    {"list", "List unfinished jobs", BuildList},
    {"info", "Show everything about a job", BuildJobQuery<Info>},
    {"list-files", "List the files of a job", BuildJobQuery<ListFiles>},
    {"server-info", "Show what the service is and can do", BuildServerInfo},
};

}  // namespace

std::span<const Command> QueryCommands() { return kCommands; }

}  // namespace bits::cli
