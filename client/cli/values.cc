#include "client/cli/values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>
#include <string_view>

#include "client/cli/exit_code.h"
#include "client/cli/output/text.h"

namespace bits::cli {
namespace {

constexpr char kBlanks[] = " \t\r";

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return text;
}

// Seconds of a unit; 0: there is none of this name.
int64_t UnitOf(std::string_view name) {
  if (name.empty() || name == "s") return 1;
  if (name == "m") return 60;
  if (name == "h") return 3600;
  return name == "d" ? 86400 : 0;
}

v1::FileInfo File(const std::string& remote, const std::string& local) {
  v1::FileInfo file;
  file.set_remote_name(remote);
  file.set_local_name(local);
  return file;
}

}  // namespace

absl::StatusOr<v1::JobPriority> ParsePriority(const std::string& text) {
  v1::JobPriority priority{};
  const bool known = v1::JobPriority_Parse("JOB_PRIORITY_" + Upper(text), &priority);
  if (known && priority != v1::JOB_PRIORITY_UNSPECIFIED) return priority;
  return UsageError("a priority is FOREGROUND, HIGH, NORMAL or LOW");
}

absl::StatusOr<v1::JobType> ParseType(const std::string& text) {
  v1::JobType type{};
  const bool known = v1::JobType_Parse("JOB_TYPE_" + Upper(text), &type);
  if (known && type != v1::JOB_TYPE_UNSPECIFIED) return type;
  return UsageError("a type is DOWNLOAD, UPLOAD or UPLOAD_REPLY");
}

absl::StatusOr<uint64_t> ParseNumber(const std::string& text, const std::string& what,
                                     uint64_t max) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = std::string_view(text).substr(hex ? 2 : 0);
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (whole && value <= max) return value;
  return UsageError(what + " is a whole number from 0 to " + std::to_string(max) + ", not '" +
                    text + "'");
}

absl::StatusOr<std::chrono::seconds> ParseDuration(const std::string& text, const std::string& what,
                                                   std::chrono::seconds max) {
  int64_t value = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const int64_t unit = UnitOf(std::string_view(rest, static_cast<size_t>(end - rest)));
  const bool valid = error == std::errc() && value > 0 && unit > 0 && value <= max.count() / unit;
  if (valid) return std::chrono::seconds(value * unit);
  return UsageError(what + " takes a time such as 45s, 30m, 8h or 1d, not '" + text + "'");
}

absl::Status CheckUtf8(const std::string& what, const std::string& value) {
  if (IsUtf8(value)) return absl::OkStatus();
  return UsageError(what + " '" + Printable(value) +
                    "' is not UTF-8: write it in UTF-8, and rename a file whose name is in another "
                    "encoding");
}

absl::StatusOr<std::vector<v1::FileInfo>> ParsePairs(const std::vector<std::string>& names) {
  if (names.empty() || names.size() % 2 != 0) {
    return UsageError("files come in pairs: URL FILE [URL FILE ...]");
  }
  std::vector<v1::FileInfo> files;
  for (size_t i = 0; i < names.size(); i += 2) files.push_back(File(names[i], names[i + 1]));
  return files;
}

absl::StatusOr<std::vector<v1::FileInfo>> ParseFileSet(const std::string& text) {
  std::vector<v1::FileInfo> files;
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line.erase(line.find_last_not_of(kBlanks) + 1);
    line.erase(0, std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) continue;
    absl::Status text = CheckUtf8("line " + std::to_string(number), line);
    if (!text.ok()) return text;
    const size_t blank = line.find_first_of(kBlanks);
    if (blank == std::string::npos) {
      return UsageError("line " + std::to_string(number) + " has no local name: URL FILE");
    }
    files.push_back(
        File(line.substr(0, blank), line.substr(line.find_first_not_of(kBlanks, blank))));
  }
  if (files.empty()) return UsageError("there is no file in the list");
  return files;
}

}  // namespace bits::cli
