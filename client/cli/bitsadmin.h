// bitsadmin's spelling: "bitsctl /create /download nightly" becomes "bitsctl create nightly".
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_BITSADMIN_H_
#define BITSD_CLIENT_CLI_BITSADMIN_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace bits::cli {

/// One way to write a verb of bitsadmin.
struct BitsadminVerb {
  std::string_view verb;  ///< "addfile", without the slash.
  /// "JOB URL FILE"; "..." stands for any number more. One that is called PASSWORD becomes no word.
  std::string_view operands;
  /// What it means here: words, with {1} for the first operand and {*} for those that no number
  /// names. It begins with '!' when there is no such thing, and is then what to do instead.
  std::string_view meaning;
  /// Switches with their meanings: "allusers=--all-users"; "refresh:=--refresh" takes a value.
  std::string_view switches{};
};

/// Every verb, the getters included.
const std::vector<BitsadminVerb>& BitsadminVerbs();

struct BitsadminLine {
  std::vector<std::string> words;  ///< For the parser of the command table.
  bool raw = false;                ///< /rawreturn.
  std::optional<std::string> password;
  std::string help;     ///< To be printed in place of running anything.
  absl::Status advice;  ///< Why there is nothing to run, and what to do.
};

/// `words` as they are when they are not bitsadmin's.
BitsadminLine FromBitsadmin(const std::vector<std::string>& words);

/// What `verb`, which is here, means, with its operands by name: "bitsctl add-file JOB URL FILE".
std::string MeaningOf(const BitsadminVerb& verb);

/// The list of all verbs beside what they mean here.
std::string BitsadminHelp();

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_BITSADMIN_H_
