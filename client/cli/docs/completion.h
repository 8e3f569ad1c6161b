// Shell completion: the command table says what may come next; a shell's script only asks and
// shows.
//
// Scripts run `bitsctl __complete WORDS...`, the last word being the one that is typed. Each line
// of the answer is a candidate, a tab and a remark; or ":files" or ":folders", for what the shell
// knows better. Thread safety: pure functions, but for Complete, which may ask the service.

#ifndef BITSD_CLIENT_CLI_DOCS_COMPLETION_H_
#define BITSD_CLIENT_CLI_DOCS_COMPLETION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cli/command.h"
#include "client/cli/output/streams.h"
#include "client/cli/settings/settings.h"

namespace bits::cli {

inline constexpr char kCompleteCommand[] = "__complete";

struct Candidate {
  std::string text;
  std::string remark;
};

struct Completion {
  std::vector<Candidate> candidates;
  /// What else there is to offer: kFile, kFolder, kJob or kIdentity; kNothing when that is all.
  Offer more = Offer::kNothing;
  Arguments globals;  ///< Global options that are on the line already.
};

/// What may stand in place of the last of `words`, which are without the name of the program.
Completion CompletionFor(std::vector<std::string> words);

/// Answers a script, live job names and identities included.
void Complete(const std::vector<std::string>& words, const Environment& environment,
              const Streams& streams);

/// The script for bash, zsh or fish.
absl::StatusOr<std::string> CompletionScript(const std::string& shell);

inline constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_DOCS_COMPLETION_H_
