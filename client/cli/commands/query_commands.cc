// list, info, get, list-files, describe-error, server-info.

#include <nlohmann/json.hpp>
#include <optional>

#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/error_file.h"
#include "client/cli/format.h"
#include "client/cli/job_ref.h"
#include "client/cli/output/text.h"
#include "client/cli/properties.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

constexpr uint64_t kMaxPageSize = 1000;
constexpr uint64_t kMaxHresult = 0xFFFFFFFF;

constexpr Parameter kPageSize{.name = "--page-size",
                              .value = "COUNT",
                              .help = "One page of at most 1,000 instead of everything"};
constexpr Parameter kPageToken{.name = "--page-token",
                               .value = "TOKEN",
                               .help = "The page behind the one that answered with this token"};

// Whether one page was asked for; then `request` says which.
template <typename Request>
absl::StatusOr<bool> WantsPage(const Arguments& arguments, Request& request) {
  if (!arguments.Given("--page-size") && !arguments.Given("--page-token")) return false;
  const std::string size = arguments.Given("--page-size") ? arguments.Text("--page-size") : "100";
  const auto parsed = ParseNumber(size, "a page size", kMaxPageSize);
  if (!parsed.ok()) return parsed.status();
  request.set_page_size(static_cast<uint32_t>(*parsed));
  request.set_page_token(arguments.Text("--page-token"));
  return true;
}

std::string NextPage(const std::string& token) {
  return token.empty() ? "" : "next page: --page-token " + Printable(token) + "\n";
}

absl::StatusOr<v1::ListJobsResponse> Jobs(const Client& client, const Arguments& arguments) {
  const bool all_users = arguments.Flag("--all-users");
  v1::ListJobsRequest request;
  request.set_all_users(all_users);
  const auto one_page = WantsPage(arguments, request);
  if (!one_page.ok()) return one_page.status();
  if (*one_page) return client.ListJobs(request);
  const auto jobs = client.ListAllJobs(all_users);
  if (!jobs.ok()) return jobs.status();
  v1::ListJobsResponse response;
  response.mutable_jobs()->Add(jobs->begin(), jobs->end());
  return response;
}

std::string WholeInfo(const Client& client, const v1::Job& job, const Style& style) {
  const std::optional<v1::File> error_file = FindErrorFile(client, job);
  return JobInfo(job, error_file ? &*error_file : nullptr, std::chrono::system_clock::now(), style);
}

std::string JobsText(const Client& client, const std::vector<v1::Job>& jobs,
                     const Arguments& arguments, const Style& style) {
  std::string text;
  if (arguments.Flag("--id-only")) {
    for (const v1::Job& job : jobs) text += job.id() + "\n";
    return text;
  }
  if (!arguments.Flag("--verbose")) {
    return JobList(jobs, {.owners = arguments.Flag("--all-users")}, style);
  }
  for (const v1::Job& job : jobs) text += WholeInfo(client, job, style) + "\n";
  return text + "Listed " + std::to_string(jobs.size()) + " job(s).\n";
}

absl::Status List(Context& context, const Client& client, const Arguments& arguments) {
  const auto response = Jobs(client, arguments);
  if (!response.ok()) return response.status();
  const std::vector<v1::Job> jobs(response->jobs().begin(), response->jobs().end());
  context.Show(*response, JobsText(client, jobs, arguments, context.style) +
                              NextPage(response->next_page_token()));
  return absl::OkStatus();
}

constexpr Parameter kList[] = {
    {.name = "--all-users", .value = "", .help = "Everybody's jobs; for enabled administrators"},
    {.name = "--verbose", .value = "", .help = "Everything about each job, as info shows it"},
    {.name = "--id-only", .value = "", .help = "Print the ids and nothing else, for scripts"},
    kPageSize,
    kPageToken,
};

absl::StatusOr<std::vector<v1::File>> AllFiles(const Client& client, const std::string& job_id) {
  return client.ListAllFiles(job_id);
}

absl::Status Info(Context& context, const Client& client, const Arguments& arguments) {
  const auto job = FindJob(client, arguments.Text("job"));
  if (!job.ok()) return job.status();
  if (context.json()) {
    context.Show(*job, "");
    return absl::OkStatus();
  }
  std::string text = WholeInfo(client, *job, context.style);
  if (arguments.Flag("--verbose")) {
    const auto files = AllFiles(client, job->id());
    if (!files.ok()) return files.status();
    text += "\n" + FileList(*files, context.style);
  }
  context.Show(*job, text);
  return absl::OkStatus();
}

constexpr Parameter kInfo[] = {
    kJobParameter,
    {.name = "--verbose", .value = "", .help = "Its files, too"},
};

absl::Status Get(Context& context, const Client& client, const Arguments& arguments) {
  const std::string name = arguments.Text("property");
  for (const JobProperty& property : JobProperties()) {
    if (property.name != name) continue;
    const auto job = FindJob(client, arguments.Text("job"));
    if (!job.ok()) return job.status();
    const std::string value = property.get(*job);
    const nlohmann::json json{{name, value}};
    context.ShowJson(json.dump(-1, ' ', /*ensure_ascii=*/true),
                     Printable(value) + (context.raw ? "" : "\n"));
    return absl::OkStatus();
  }
  std::string names;
  for (const JobProperty& property : JobProperties()) names += " " + std::string(property.name);
  return UsageError("a job has no property '" + Printable(name) + "'; it has:" + names);
}

absl::Status ListFiles(Context& context, const Client& client, const Arguments& arguments) {
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  v1::ListFilesRequest request;
  request.set_job_id(*id);
  const auto one_page = WantsPage(arguments, request);
  if (!one_page.ok()) return one_page.status();
  v1::ListFilesResponse response;
  if (*one_page) {
    auto page = client.ListFiles(request);
    if (!page.ok()) return page.status();
    response = *std::move(page);
  } else {
    const auto files = AllFiles(client, *id);
    if (!files.ok()) return files.status();
    response.mutable_files()->Add(files->begin(), files->end());
  }
  const std::vector<v1::File> files(response.files().begin(), response.files().end());
  context.Show(response, FileList(files, context.style) + NextPage(response.next_page_token()));
  return absl::OkStatus();
}

constexpr Parameter kListFiles[] = {kJobParameter, kPageSize, kPageToken};

absl::Status DescribeError(Context& context, const Client& client, const Arguments& arguments) {
  const auto hresult = ParseNumber(arguments.Text("hresult"), "an HRESULT", kMaxHresult);
  if (!hresult.ok()) return hresult.status();
  const auto description = client.GetErrorDescription(static_cast<uint32_t>(*hresult));
  if (!description.ok()) return description.status();
  v1::GetErrorDescriptionResponse response;
  response.set_description(*description);
  context.Show(response, Printable(*description) + "\n");
  return absl::OkStatus();
}

constexpr Parameter kDescribeError[] = {
    {.name = "hresult", .value = "HRESULT", .help = "Such as 0x80200056", .required = true}};

absl::Status ShowServer(Context& context, const Client& client, const Arguments&) {
  const auto info = client.GetServerInfo();
  if (!info.ok()) return info.status();
  context.Show(*info, ServerInfo(*info, context.style));
  return absl::OkStatus();
}

// Not constexpr, as their names come from the table of properties.
const Parameter kGet[] = {kJobParameter,
                          {.name = "property",
                           .value = "PROPERTY",
                           .help = "Which",
                           .offer = Offer::kChoices,
                           .choices = JobPropertyNames(),
                           .required = true}};

constexpr Command kCommands[] = {
    {.name = "list",
     .summary = "List unfinished jobs",
     .details = "Sizes are rounded; --json has them exactly.",
     .example = "bitsctl list --verbose\n"
                "bitsctl list --id-only | xargs -n 1 bitsctl cancel",
     .parameters = kList,
     .methods = "BackgroundCopyManager.ListJobs",
     .remote = List},
    {.name = "info",
     .summary = "Show everything about a job",
     .details = "",
     .example = "bitsctl info nightly --verbose",
     .parameters = kInfo,
     .methods = "BackgroundCopyManager.GetJob",
     .remote = Info},
    {.name = "get",
     .summary = "Print one property of a job, bare, for scripts",
     .details = "Sizes are in bytes, times in UTC.",
     .example = "bitsctl get nightly state",
     .parameters = kGet,
     .methods = "BackgroundCopyManager.GetJob",
     .remote = Get},
    {.name = "list-files",
     .summary = "List the files of a job",
     .details = "",
     .example = "bitsctl list-files nightly",
     .parameters = kListFiles,
     .methods = "BackgroundCopyJob.ListFiles",
     .remote = ListFiles},
    {.name = "describe-error",
     .summary = "Say what an HRESULT means",
     .details = "",
     .example = "bitsctl describe-error 0x80200056",
     .parameters = kDescribeError,
     .methods = "BackgroundCopyManager.GetErrorDescription",
     .remote = DescribeError},
    {.name = "server-info",
     .summary = "Show what the service is and can do",
     .details = "",
     .example = "bitsctl server-info",
     .methods = "BackgroundCopyManager.GetServerInfo",
     .remote = ShowServer},
};

}  // namespace

std::span<const Command> QueryCommands() { return kCommands; }

}  // namespace bits::cli
