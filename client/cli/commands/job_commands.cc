// create, add-file, resume, suspend, cancel, complete.

#include <istream>
#include <iterator>
#include <utility>
#include <vector>

#include "bitsd/client/error.h"
#include "client/base/private_file.h"
#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/format.h"
#include "client/cli/job_ref.h"
#include "client/cli/output/text.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

constexpr char kStandardInput[] = "-";

constexpr Parameter kRequestId{
    .name = "--request-id",
    .value = "UUID",
    .help = "Repeat a request of this id and get the first one's answer, for 24 hours"};

absl::Status Create(Context& context, const Client& client, const Arguments& arguments) {
  v1::CreateJobRequest request;
  request.set_display_name(arguments.Text("name"));
  request.set_description(arguments.Text("--description"));
  request.set_request_id(arguments.Text("--request-id"));
  if (arguments.Given("--type")) {
    const auto type = ParseType(arguments.Text("--type"));
    if (!type.ok()) return type.status();
    request.set_type(*type);
  }
  if (arguments.Given("--priority")) {
    const auto priority = ParsePriority(arguments.Text("--priority"));
    if (!priority.ok()) return priority.status();
    request.set_priority(*priority);
  }
  const auto job = client.CreateJob(std::move(request));
  if (!job.ok()) return job.status();
  const bool id_only = arguments.Flag("--id-only");
  context.Show(*job, id_only ? job->id() + "\n" : "created job " + job->id() + "\n");
  return absl::OkStatus();
}

constexpr Parameter kCreate[] = {
    {.name = "name",
     .value = "NAME",
     .help = "Display name, 1 to 256 characters",
     .required = true},
    {.name = "--description", .value = "TEXT", .help = "Up to 1,024 characters"},
    {.name = "--type",
     .value = "TYPE",
     .help = "Only downloads are built; without it a download",
     .offer = Offer::kChoices,
     .choices = kJobTypes},
    {.name = "--priority",
     .value = "PRIORITY",
     .help = "Without it NORMAL",
     .offer = Offer::kChoices,
     .choices = kPriorities},
    kRequestId,
    {.name = "--id-only", .value = "", .help = "Print the id and nothing else, for scripts"},
};

// What --from names, or standard input.
absl::StatusOr<std::string> ReadList(Context& context, const std::string& file) {
  if (file != kStandardInput) return ReadFile(file);
  return std::string(std::istreambuf_iterator<char>(context.in), {});
}

absl::StatusOr<std::vector<v1::FileInfo>> FilesToAdd(Context& context, const Arguments& arguments) {
  if (!arguments.Given("--from")) return ParsePairs(arguments.List("names"));
  if (arguments.Given("names")) return UsageError("give files or --from, not both");
  const auto text = ReadList(context, arguments.Text("--from"));
  return text.ok() ? ParseFileSet(*text) : text.status();
}

absl::Status AddFile(Context& context, const Client& client, const Arguments& arguments) {
  const auto files = FilesToAdd(context, arguments);
  if (!files.ok()) return files.status();
  auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  v1::AddFileSetRequest request;
  request.set_job_id(*std::move(id));
  request.set_request_id(arguments.Text("--request-id"));
  request.mutable_files()->Add(files->begin(), files->end());
  const auto job = client.AddFileSet(std::move(request));
  if (!job.ok()) return job.status();
  context.Show(*job,
               "added " + std::to_string(files->size()) + " file(s) to job " + job->id() + "\n");
  return absl::OkStatus();
}

constexpr Parameter kAddFile[] = {
    kJobParameter,
    {.name = "names",
     .value = "URL FILE",
     .help = "http or https URL and absolute path, in turn",
     .offer = Offer::kFile,
     .many = true},
    {.name = "--from",
     .value = "LIST",
     .help = "File with a line URL FILE for each file, or - for standard input",
     .offer = Offer::kFile},
    kRequestId,
};

// One of the calls that take a job and return it.
template <absl::StatusOr<v1::Job> (Client::*call)(const std::string&) const>
absl::Status Change(Context& context, const Client& client, const Arguments& arguments) {
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  const auto job = (client.*call)(*id);
  if (!job.ok()) return job.status();
  context.Show(*job, "job " + job->id() + " is " + StateName(job->state()) + "\n");
  return absl::OkStatus();
}

// Success variants such as BG_S_PARTIAL_COMPLETE, in the service's words.
std::string HresultNote(const Client& client, uint32_t hresult) {
  if (hresult == 0) return "";
  const auto description = client.GetErrorDescription(hresult);
  return "note: " + HresultText(hresult) + " " + (description.ok() ? Printable(*description) : "") +
         "\n";
}

// One of the calls that end a job and say how well.
template <auto call>
absl::Status End(Context& context, const Client& client, const Arguments& arguments) {
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  const auto response = (client.*call)(*id);
  if (!response.ok()) return response.status();
  std::string text = "job " + response->job().id() + " is " + StateName(response->job().state()) +
                     "\n" + HresultNote(client, response->hresult());
  for (const std::string& path : response->job().undeleted_files()) {
    text += "not removed: " + Printable(path) + "\n";
  }
  context.Show(*response, text);
  return absl::OkStatus();
}

constexpr Parameter kJobOnly[] = {kJobParameter};

constexpr Command kCommands[] = {
    {.name = "create",
     .summary = "Create a suspended download job of your own",
     .details = "The job starts SUSPENDED and without files: add-file, then resume.",
     .example = "bitsctl create nightly --priority HIGH",
     .parameters = kCreate,
     .methods = "BackgroundCopyManager.CreateJob",
     .remote = Create},
    {.name = "add-file",
     .summary = "Add files to a job",
     .details =
         "All files or none. The local directory is checked as the identity that would write it\n"
         "now; with the LOCAL_FILE flag and no helper token, nothing is checked before the\n"
         "transfer.",
     .example = "bitsctl add-file nightly https://mirror.example/a.iso /srv/in/a.iso\n"
                "bitsctl add-file nightly --from files.txt",
     .parameters = kAddFile,
     .methods = "BackgroundCopyJob.AddFileSet BackgroundCopyManager.ListJobs",
     .remote = AddFile},
    {.name = "resume",
     .summary = "Start a job, or try it again",
     .details = "",
     .example = "bitsctl resume nightly",
     .parameters = kJobOnly,
     .methods = "BackgroundCopyJob.Resume",
     .remote = Change<&Client::Resume>},
    {.name = "suspend",
     .summary = "Stop a job until resume",
     .details = "Nothing is read, written or sent for the job once this has returned.",
     .example = "bitsctl suspend nightly",
     .parameters = kJobOnly,
     .methods = "BackgroundCopyJob.Suspend",
     .remote = Change<&Client::Suspend>},
    {.name = "cancel",
     .summary = "End a job and remove its temporary files",
     .details = "Files that were there before stay as they are.",
     .example = "bitsctl cancel nightly",
     .parameters = kJobOnly,
     .methods = "BackgroundCopyJob.Cancel",
     .remote = End<&Client::Cancel>},
    {.name = "complete",
     .summary = "Put the transferred files in their places and end the job",
     .details = "",
     .example = "bitsctl complete nightly",
     .parameters = kJobOnly,
     .methods = "BackgroundCopyJob.Complete BackgroundCopyManager.GetErrorDescription",
     .remote = End<&Client::Complete>},
};

}  // namespace

std::span<const Command> JobCommands() { return kCommands; }

}  // namespace bits::cli
