#include "client/cli/docs/completion.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>

#include "client/cli/bitsadmin.h"

namespace bits::cli {
namespace {

bool BeginsWith(std::string_view text, std::string_view beginning) {
  const auto equal = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(), equal);
}

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find(' ')); }

const Parameter* FindIn(std::span<const Parameter> parameters, std::string_view name) {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

// What the words before the last one say.
class Line {
 public:
  void Read(const std::vector<std::string>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      pending_ = nullptr;
      const std::string& word = words[i];
      if (!word.starts_with('-')) {
        ReadPlain(word);
        continue;
      }
      const Parameter* option = FindOption(word);
      if (option == nullptr) continue;
      if (option->IsFlag()) {
        globals_.Set(option->name, {"true"});
      } else if (i + 1 < words.size()) {
        globals_.Set(option->name, {words[++i]});
      } else {
        pending_ = option;
      }
    }
  }

  /// An option that still wants its value.
  const Parameter* pending() const { return pending_; }
  const Command* command() const { return command_; }
  const std::string& family() const { return family_; }
  Arguments TakeGlobals() { return std::move(globals_); }

  const Parameter* FindOption(std::string_view name) const {
    const Parameter* global = FindIn(GlobalParameters(), name);
    if (global != nullptr || command_ == nullptr) return global;
    return FindIn(command_->parameters, name);
  }

  /// The positional argument that comes next; the last one when it may come again.
  const Parameter* NextPositional() const {
    size_t position = 0;
    for (const Parameter& parameter : command_->parameters) {
      if (!parameter.IsPositional()) continue;
      if (position++ == positionals_ || parameter.many) return &parameter;
    }
    return nullptr;
  }

 private:
  void ReadPlain(const std::string& word) {
    if (command_ != nullptr) {
      ++positionals_;
      return;
    }
    const std::string name = family_.empty() ? word : family_ + " " + word;
    for (const Command* command : AllCommands()) {
      if (command->name == name) command_ = command;
      const bool is_family = FirstWord(command->name) == name && command->name != name;
      if (command_ == nullptr && is_family) family_ = name;
    }
  }

  const Parameter* pending_ = nullptr;
  const Command* command_ = nullptr;
  std::string family_;
  size_t positionals_ = 0;
  Arguments globals_;
};

class Collector {
 public:
  explicit Collector(std::string typed) : typed_(std::move(typed)) {}

  void Add(std::string_view text, std::string_view remark) {
    if (!BeginsWith(text, typed_) || !seen_.insert(std::string(text)).second) return;
    completion_.candidates.push_back({std::string(text), std::string(remark)});
  }

  void AddOptions(std::span<const Parameter> parameters) {
    for (const Parameter& parameter : parameters) {
      if (!parameter.IsPositional()) Add(parameter.name, parameter.help);
    }
  }

  void AddValues(const Parameter& parameter) {
    for (const std::string_view choice : parameter.choices) Add(choice, "");
    const bool of_choices =
        parameter.offer == Offer::kChoices || parameter.offer == Offer::kSuggestions;
    if (!of_choices) completion_.more = parameter.offer;
  }

  // The words that may begin a command, or go on in `family`.
  void AddCommands(const std::string& family) {
    for (const Command* command : AllCommands()) {
      const bool in_family = FirstWord(command->name) != command->name;
      if (family.empty()) {
        Add(FirstWord(command->name), in_family ? "more commands" : command->summary);
      } else if (in_family && FirstWord(command->name) == family) {
        Add(command->name.substr(family.size() + 1), command->summary);
      }
    }
  }

  void AddVerbs() {
    for (const BitsadminVerb& verb : BitsadminVerbs()) {
      if (!verb.meaning.starts_with('!')) Add("/" + std::string(verb.verb), verb.operands);
    }
  }

  Completion Take(Arguments globals) {
    completion_.globals = std::move(globals);
    return std::move(completion_);
  }

 private:
  const std::string typed_;
  std::set<std::string> seen_;
  Completion completion_;
};

void Collect(const Line& line, const std::string& typed, Collector& collector) {
  if (line.pending() != nullptr) {
    collector.AddValues(*line.pending());
  } else if (typed.starts_with('-')) {
    collector.AddOptions(GlobalParameters());
    if (line.command() != nullptr) collector.AddOptions(line.command()->parameters);
  } else if (line.command() == nullptr) {
    collector.AddCommands(line.family());
    if (typed.starts_with('/')) collector.AddVerbs();
  } else if (const Parameter* next = line.NextPositional(); next != nullptr) {
    collector.AddValues(*next);
  }
}

// bash takes "--type=UPLOAD" apart into three words.
void DropEqualSigns(std::vector<std::string>& words) {
  if (words.back() == "=") words.back().clear();
  words.erase(std::remove(words.begin(), words.end(), "="), words.end());
}

}  // namespace

Completion CompletionFor(std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  DropEqualSigns(words);
  const std::string typed = std::move(words.back());
  words.pop_back();
  Line line;
  line.Read(words);
  Collector collector(typed);
  Collect(line, typed, collector);
  return collector.Take(line.TakeGlobals());
}

}  // namespace bits::cli
