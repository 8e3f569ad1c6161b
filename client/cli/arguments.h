// What was given for the parameters of a command, by their names in the command table.
//
// Thread safety: a value.

#ifndef BITSD_CLIENT_CLI_ARGUMENTS_H_
#define BITSD_CLIENT_CLI_ARGUMENTS_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bits::cli {

class Arguments {
 public:
  void Set(std::string_view name, std::vector<std::string> values) {
    values_[std::string(name)] = std::move(values);
  }

  bool Given(std::string_view name) const { return values_.contains(name); }

  /// The value; empty when it was not given.
  std::string Text(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.empty() ? "" : found->second.front();
  }

  /// A flag that was given, and not as --flag=false.
  bool Flag(std::string_view name) const { return Text(name) == "true"; }

  std::vector<std::string> List(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>() : found->second;
  }

  const std::map<std::string, std::vector<std::string>, std::less<>>& values() const {
    return values_;
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_ARGUMENTS_H_
