// Completion of what only the configuration file or the service knows.

#include <ostream>

#include "client/cli/context.h"
#include "client/cli/docs/completion.h"
#include "client/cli/output/text.h"

namespace bits::cli {
namespace {

// A shell that waits for a service that is not there would be a nuisance.
constexpr char kTimeoutSeconds[] = "2";

// Only what can be shown and typed as it is: nobody chooses a name with control characters.
void Print(const Candidate& candidate, std::ostream& out) {
  if (candidate.text.empty() || Printable(candidate.text) != candidate.text) return;
  if (candidate.text.starts_with(':') || candidate.text.starts_with('-')) return;
  out << candidate.text << "\t" << Printable(candidate.remark) << "\n";
}

void PrintJobs(const Settings& settings, const std::string& typed, const Streams& streams) {
  const Context context(streams, settings);
  const auto client = context.Connect();
  if (!client.ok()) return;
  const auto jobs = client->ListAllJobs(/*all_users=*/false);
  if (!jobs.ok()) return;
  for (const v1::Job& job : *jobs) {
    if (job.display_name().starts_with(typed)) Print({job.display_name(), job.id()}, streams.out);
    if (!typed.empty() && job.id().starts_with(typed)) {
      Print({job.id(), job.display_name()}, streams.out);
    }
  }
}

void PrintIdentities(const Settings& settings, const std::string& typed, std::ostream& out) {
  const auto config = settings.Config();
  if (!config.ok()) return;
  for (const auto& [name, identity] : config->identities) {
    if (name.starts_with(typed)) Print({name, "identity"}, out);
  }
}

}  // namespace

void Complete(const std::vector<std::string>& words, const Environment& environment,
              const Streams& streams) {
  Completion completion = CompletionFor(words);
  for (const Candidate& candidate : completion.candidates) {
    streams.out << candidate.text << "\t" << candidate.remark << "\n";
  }
  if (completion.more == Offer::kFile) streams.out << ":files\n";
  if (completion.more == Offer::kFolder) streams.out << ":folders\n";
  if (completion.more != Offer::kJob && completion.more != Offer::kIdentity) return;
  completion.globals.Set("--timeout", {kTimeoutSeconds});
  const auto settings = Settings::Resolve(completion.globals, environment);
  if (!settings.ok()) return;
  const std::string typed = words.empty() || words.back() == "=" ? "" : words.back();
  if (completion.more == Offer::kJob) {
    PrintJobs(*settings, typed, streams);
  } else {
    PrintIdentities(*settings, typed, streams.out);
  }
}

}  // namespace bits::cli
