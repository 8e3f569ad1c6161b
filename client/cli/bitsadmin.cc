#include "client/cli/bitsadmin.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "client/cli/command.h"
#include "client/cli/exit_code.h"
#include "client/cli/output/text.h"

namespace bits::cli {
namespace {

using Words = std::vector<std::string>;

std::string Lower(std::string_view text) {
  std::string lower;
  for (const char c : text) {
    lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return lower;
}

Words Split(std::string_view text) {
  std::istringstream stream{std::string(text)};
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// How many words a global option takes that stands first in `words`; 0 when none does.
size_t GlobalOptionLength(const Words& words, size_t at) {
  const std::string& word = words[at];
  const std::string name = word.substr(0, word.find('='));
  for (const Parameter& parameter : GlobalParameters()) {
    if (parameter.name != name) continue;
    const bool with_value = !parameter.IsFlag() && name == word;
    return std::min(with_value ? size_t{2} : size_t{1}, words.size() - at);
  }
  return 0;
}

// Takes the global options out of `words`.
Words TakeGlobals(Words& words) {
  Words globals;
  Words others;
  for (size_t i = 0; i < words.size();) {
    const size_t length = GlobalOptionLength(words, i);
    Words& target = length > 0 ? globals : others;
    for (size_t end = i + std::max(length, size_t{1}); i < end; ++i) target.push_back(words[i]);
  }
  words = others;
  return globals;
}

bool IsVerb(const std::string& word) {
  if (word.size() < 2 || word[0] != '/') return false;
  return word[1] == '?' || std::isalpha(static_cast<unsigned char>(word[1])) != 0;
}

std::string SpellingOf(const BitsadminVerb& verb) {
  std::string text = "/" + std::string(verb.verb);
  for (const std::string& entry : Split(verb.switches)) {
    const std::string name = entry.substr(0, entry.find_first_of(":="));
    text += " [/" + name + (entry.find(":=") == std::string::npos ? "]" : " VALUE]");
  }
  return verb.operands.empty() ? text : text + " " + std::string(verb.operands);
}

// The entry "name=meaning" of `verb` for the word "/name".
std::string FindSwitch(const BitsadminVerb& verb, const std::string& word) {
  if (!word.starts_with('/')) return "";
  const std::string name = Lower(std::string_view(word).substr(1));
  for (const std::string& entry : Split(verb.switches)) {
    if (entry.substr(0, entry.find_first_of(":=")) == name) return entry;
  }
  return "";
}

// Splits what stands behind the verb into switches, as options of ours, and operands.
absl::Status SplitOperands(const BitsadminVerb& verb, const Words& rest, Words& options,
                           Words& operands) {
  for (size_t i = 0; i < rest.size(); ++i) {
    const std::string entry = FindSwitch(verb, rest[i]);
    if (entry.empty()) {
      operands.push_back(rest[i]);
      continue;
    }
    std::string option = entry.substr(entry.find('=') + 1);
    if (entry.find(":=") != std::string::npos) {
      if (++i == rest.size()) return UsageError("a value is missing: " + SpellingOf(verb));
      option += rest[i];
    }
    if (!option.empty()) options.push_back(option);
  }
  return absl::OkStatus();
}

bool TakesOperands(const BitsadminVerb& verb, size_t count) {
  Words names = Split(verb.operands);
  if (names.empty() || names.back() != "...") return names.size() == count;
  return count + 1 >= names.size();
}

// The words of `meaning` with operands in place of {1}, {2} and {*}. Options come first; "--" keeps
// an operand from being taken for one.
Words Fill(const BitsadminVerb& verb, const Words& options, const Words& operands) {
  Words command;
  Words positionals;
  for (std::string word : Split(verb.meaning)) {
    if (word == "{*}") {
      const size_t named = Split(verb.operands).size() - 1;
      positionals.insert(positionals.end(), operands.begin() + static_cast<long>(named),
                         operands.end());
      continue;
    }
    const bool is_operand = word.starts_with('{');
    if (const size_t brace = word.find('{'); brace != std::string::npos) {
      const size_t number = static_cast<size_t>(word[brace + 1] - '0');
      word = word.substr(0, brace) + operands[number - 1];
    }
    const bool behind = is_operand || !positionals.empty();
    (behind ? positionals : command).push_back(word);
  }
  command.insert(command.end(), options.begin(), options.end());
  if (!positionals.empty()) command.push_back("--");
  command.insert(command.end(), positionals.begin(), positionals.end());
  return command;
}

// Secrets go around the words, which others may see.
std::optional<std::string> PasswordOf(const BitsadminVerb& verb, const Words& operands) {
  const Words names = Split(verb.operands);
  const auto found = std::find(names.begin(), names.end(), "PASSWORD");
  if (found == names.end()) return std::nullopt;
  return operands[static_cast<size_t>(found - names.begin())];
}

absl::Status NotThere(const BitsadminVerb& verb) {
  return absl::UnimplementedError("/" + std::string(verb.verb) + ": " +
                                  std::string(verb.meaning.substr(1)));
}

absl::Status WrongOperands(const std::string& name) {
  std::string message = "write";
  const char* separator = " ";
  for (const BitsadminVerb& verb : BitsadminVerbs()) {
    if (verb.verb != name) continue;
    message += separator + SpellingOf(verb);
    separator = ", or ";
  }
  return UsageError(message);
}

absl::Status UnknownVerb(const std::string& word) {
  return UsageError("bitsadmin's verb " + Printable(word) + " is not known: bitsctl /? lists all");
}

bool IsHelp(const std::string& verb) {
  return verb == "?" || verb == "help" || verb == "h" || verb == "examples" || verb == "util";
}

void Translate(const std::string& word, const Words& rest, const Words& globals,
               BitsadminLine& line) {
  const std::string name = Lower(std::string_view(word).substr(1));
  bool known = false;
  for (const BitsadminVerb& verb : BitsadminVerbs()) {
    if (verb.verb != name) continue;
    known = true;
    Words options;
    Words operands;
    line.advice = SplitOperands(verb, rest, options, operands);
    if (!line.advice.ok()) return;
    if (!TakesOperands(verb, operands.size())) continue;
    if (verb.meaning.starts_with('!')) {
      line.advice = NotThere(verb);
      return;
    }
    line.password = PasswordOf(verb, operands);
    line.words = globals;
    const Words command = Fill(verb, options, operands);
    line.words.insert(line.words.end(), command.begin(), command.end());
    return;
  }
  line.advice = known ? WrongOperands(name) : UnknownVerb(word);
}

}  // namespace

BitsadminLine FromBitsadmin(const std::vector<std::string>& words) {
  BitsadminLine line;
  Words rest = words;
  const Words globals = TakeGlobals(rest);
  if (rest.empty() || !IsVerb(rest.front())) {
    line.words = words;
    return line;
  }
  size_t at = 0;
  for (; at < rest.size(); ++at) {
    const std::string word = Lower(rest[at]);
    if (word == "/rawreturn") line.raw = true;
    if (word != "/rawreturn" && word != "/wrap" && word != "/nowrap") break;
  }
  const std::string verb = at < rest.size() ? rest[at] : "/?";
  const Words behind(rest.begin() + static_cast<long>(std::min(at + 1, rest.size())), rest.end());
  if (!IsVerb(verb)) {
    line.advice = UnknownVerb(verb);
  } else if (!IsHelp(Lower(verb).substr(1))) {
    Translate(verb, behind, globals, line);
  } else if (!behind.empty() && Lower(behind.front()) == "/version") {
    line.words = {"--version"};
  } else {
    line.help = BitsadminHelp();
  }
  return line;
}

std::string MeaningOf(const BitsadminVerb& verb) {
  const Words names = Split(verb.operands);
  std::string text = "bitsctl";
  for (std::string word : Split(verb.meaning)) {
    if (const size_t brace = word.find('{'); brace != std::string::npos) {
      const char number = word[brace + 1];
      word =
          number == '*' ? "..." : word.substr(0, brace) + names[static_cast<size_t>(number - '1')];
    }
    text += " " + word;
  }
  return text;
}

std::string BitsadminHelp() {
  std::string built = "bitsadmin's spelling, and what it means here:\n\n";
  std::string missing = "\nNot here, with what to do instead:\n\n";
  for (const BitsadminVerb& verb : BitsadminVerbs()) {
    if (verb.meaning.starts_with('!')) {
      missing += "  /" + std::string(verb.verb) + ": " + std::string(verb.meaning.substr(1)) + "\n";
    } else {
      built += "  " + Padded(SpellingOf(verb), 50, /*right=*/false) + "  " + MeaningOf(verb) + "\n";
    }
  }
  return built + missing +
         "\nVerbs and switches in any case; /rawreturn before a getter leaves out the newline. A "
         "job is\nmeant by its id, with or without braces, the beginning of its id, or its name.\n"
         "All of bitsctl: bitsctl --help\n";
}

}  // namespace bits::cli
