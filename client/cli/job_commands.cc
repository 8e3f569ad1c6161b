// create, add-file, resume, suspend, cancel, complete.

#include <utility>
#include <vector>

#include "bitsd/client/error.h"
#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/job_ref.h"

namespace bits::cli {
namespace {

struct CreateOptions {
  std::string name;
  std::string description;
  bool id_only = false;
};

struct AddFileOptions {
  std::string job;
  std::vector<std::string> names;  // Remote and local in turn.
};

struct JobOptions {
  std::string job;
};

absl::Status Create(Context& context, const Client& client, const CreateOptions& options) {
  v1::CreateJobRequest request;
  request.set_display_name(options.name);
  request.set_description(options.description);
  const auto job = client.CreateJob(std::move(request));
  if (!job.ok()) return job.status();
  context.Show(*job, options.id_only ? job->id() + "\n" : "created job " + job->id() + "\n");
  return absl::OkStatus();
}

void BuildCreate(CLI::App& verb, Context& context) {
  auto options = std::make_shared<CreateOptions>();
  verb.add_option("name", options->name, "Display name, 1 to 256 characters")->required();
  verb.add_option("--description", options->description, "Up to 1,024 characters");
  verb.add_flag("--id-only", options->id_only, "Print the id and nothing else, for scripts");
  verb.footer("The job starts SUSPENDED and without files: add-file, then resume.");
  OnRunConnected(verb, context, options, Create);
}

absl::Status AddFile(Context& context, const Client& client, const AddFileOptions& options) {
  if (options.names.size() % 2 != 0) {
    return UsageError("add-file takes pairs: REMOTE LOCAL [REMOTE LOCAL ...]");
  }
  auto id = ResolveJob(client, options.job);
  if (!id.ok()) return id.status();
  v1::AddFileSetRequest request;
  request.set_job_id(*std::move(id));
  for (size_t i = 0; i < options.names.size(); i += 2) {
    v1::FileInfo& file = *request.add_files();
    file.set_remote_name(options.names[i]);
    file.set_local_name(options.names[i + 1]);
  }
  const auto job = client.AddFileSet(std::move(request));
  if (!job.ok()) return job.status();
  context.Show(*job, "added " + std::to_string(options.names.size() / 2) + " file(s) to job " +
                         job->id() + "\n");
  return absl::OkStatus();
}

void BuildAddFile(CLI::App& verb, Context& context) {
  auto options = std::make_shared<AddFileOptions>();
  verb.add_option("job", options->job, kJobHelp)->required();
  verb.add_option("names", options->names, "REMOTE (http or https URL) LOCAL (absolute path) ...")
      ->required()
      ->expected(2, -1);
  verb.footer(
      "All files or none. The local directory is checked as the identity that would write it now;\n"
      "with the LOCAL_FILE flag and no helper token, nothing is checked before the transfer.\n\n"
      "  bitsctl add-file nightly https://mirror.example/a.iso /srv/in/a.iso");
  OnRunConnected(verb, context, options, AddFile);
}

// One of the calls that take a job and return it.
template <absl::StatusOr<v1::Job> (Client::*call)(const std::string&) const>
absl::Status Change(Context& context, const Client& client, const JobOptions& options) {
  const auto id = ResolveJob(client, options.job);
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
absl::Status End(Context& context, const Client& client, const JobOptions& options) {
  const auto id = ResolveJob(client, options.job);
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

template <absl::Status (*run)(Context&, const Client&, const JobOptions&)>
void BuildJobVerb(CLI::App& verb, Context& context) {
  auto options = std::make_shared<JobOptions>();
  verb.add_option("job", options->job, kJobHelp)->required();
  OnRunConnected(verb, context, options, run);
}

constexpr Command kCommands[] = {
    {"create", "Create a suspended download job of your own", BuildCreate},
    {"add-file", "Add files to a job", BuildAddFile},
    {"resume", "Start a job, or try it again", BuildJobVerb<Change<&Client::Resume>>},
    {"suspend", "Stop a job until resume", BuildJobVerb<Change<&Client::Suspend>>},
    {"cancel", "End a job and remove its temporary files", BuildJobVerb<End<&Client::Cancel>>},
    {"complete", "Put the transferred files in their places and end the job",
     BuildJobVerb<End<&Client::Complete>>},
};

}  // namespace

std::span<const Command> JobCommands() { return kCommands; }

}  // namespace bits::cli
