#include "client/cli/token_scope.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "client/cli/exit_code.h"
#include "client/cli/format.h"
#include "client/cli/output/text.h"
#include "client/cli/output/units.h"
#include "client/cli/token_flags.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

constexpr std::array kLimits{kLocalRootOption.name, kHostOption.name, kUsageOption.name,
                             kMaxExpireOption.name};

// The longest loan that a service is likely to grant; more is a typing error.
constexpr std::chrono::hours kLongestLoan{24 * 365};

constexpr size_t kMaxFolders = 64;  // A service takes no more.

absl::Status SayForWhat() {
  return UsageError(
      "for what do you lend your identity? Limit the loan with --local-root FOLDER (files below "
      "it), --host HOST (servers and proxies of the transfer), --usage FLAGS or --max-expire "
      "DURATION; or say --unrestricted: then the job's owner may have any file of yours written "
      "and fetch from anywhere as you");
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + Printable(value);
  return text;
}

absl::Status AddUsage(const std::string& text, v1::TokenScope& scope) {
  const auto flags = ParseTokenFlags(text);
  if (!flags.ok()) return flags.status();
  if (*flags == 0)
    return UsageError("--usage NONE lends nothing: name LOCAL_FILE, NETWORK or both");
  scope.set_usage_flags(*flags);
  return absl::OkStatus();
}

absl::Status AddEnd(const std::string& text, SystemTime now, v1::TokenScope& scope) {
  const auto duration = ParseDuration(text, "--max-expire", kLongestLoan);
  if (!duration.ok()) return duration.status();
  *scope.mutable_max_expire_time() = ToTimestamp(now + *duration);
  return absl::OkStatus();
}

std::filesystem::path CommonFolder(const std::set<std::filesystem::path>& folders) {
  std::filesystem::path common = *folders.begin();
  for (const std::filesystem::path& folder : folders) {
    const auto end =
        std::mismatch(common.begin(), common.end(), folder.begin(), folder.end()).first;
    std::filesystem::path shared;
    for (auto part = common.begin(); part != end; ++part) shared /= *part;
    common = shared;
  }
  return common;
}

}  // namespace

absl::StatusOr<std::optional<v1::TokenScope>> ScopeOf(const Arguments& arguments, SystemTime now) {
  const bool limited = std::any_of(kLimits.begin(), kLimits.end(),
                                   [&](std::string_view name) { return arguments.Given(name); });
  const bool unrestricted = arguments.Flag(kUnrestrictedOption.name);
  if (limited && unrestricted) return UsageError("--unrestricted and limits exclude each other");
  if (unrestricted) return std::optional<v1::TokenScope>();
  if (!limited) return SayForWhat();
  v1::TokenScope scope;
  for (const std::string& root : arguments.List(kLocalRootOption.name)) {
    scope.add_local_roots(root);
  }
  for (const std::string& host : arguments.List(kHostOption.name)) scope.add_hosts(host);
  absl::Status status;
  if (arguments.Given(kUsageOption.name)) {
    status = AddUsage(arguments.Text(kUsageOption.name), scope);
  }
  if (status.ok() && arguments.Given(kMaxExpireOption.name)) {
    status = AddEnd(arguments.Text(kMaxExpireOption.name), now, scope);
  }
  if (!status.ok()) return status;
  return std::optional<v1::TokenScope>(std::move(scope));
}

absl::StatusOr<v1::TokenScope> ScopeFor(const std::vector<v1::FileInfo>& files,
                                        uint32_t usage_flags) {
  v1::TokenScope scope;
  scope.set_usage_flags(usage_flags);
  std::set<std::filesystem::path> folders;
  for (const v1::FileInfo& file : files) {
    const std::filesystem::path path(file.local_name());
    if (!path.is_absolute()) {
      return UsageError("a local name is an absolute path, not '" + file.local_name() + "'");
    }
    folders.insert(path.parent_path());
  }
  if (folders.size() > kMaxFolders) folders = {CommonFolder(folders)};
  for (const std::filesystem::path& folder : folders) scope.add_local_roots(folder.string());
  return scope;
}

std::string ScopeText(const std::optional<v1::TokenScope>& scope) {
  if (!scope) return "  for everything that the job's owner asks for\n";
  std::string text;
  if (scope->local_roots_size() > 0) {
    text += "  for files below " + Join(scope->local_roots()) + "\n";
  }
  if (scope->hosts_size() > 0) text += "  for transfers from " + Join(scope->hosts()) + "\n";
  if (scope->usage_flags() != 0) text += "  for flags " + FlagNames(scope->usage_flags()) + "\n";
  return text;
}

}  // namespace bits::cli
