#include "server/policy/token_scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/job_facts.h"
#include "server/policy/local_names.h"

namespace bitsd::policy {
namespace {

absl::Status Outside(std::string_view what) {
  return error::AccessDenied(
      Rule::kTokenScope,
      absl::StrCat("the helper token was not lent for this ",
                   absl::string_view(what.data(), what.size()),
                   ": have it lent with a scope that covers it, or clear the flags; it is never "
                   "opened as the owner instead"));
}

bool IsBelow(std::string_view root, std::string_view path) {
  if (root == "/") return true;
  return path.size() > root.size() + 1 && path.starts_with(root) && path[root.size()] == '/';
}

}  // namespace

absl::StatusOr<TokenScope> ParseScope(const std::vector<std::string>& local_roots,
                                      const std::vector<std::string>& hosts, uint32_t usage_flags) {
  if (local_roots.size() > kMaxScopeEntries || hosts.size() > kMaxScopeEntries) {
    return error::InvalidArgument("scope: local_roots and hosts have at most 64 entries each");
  }
  if ((usage_flags & ~(kTokenLocalFile | kTokenNetwork)) != 0) {
    return error::InvalidArgument(
        "scope.usage_flags is BG_TOKEN_LOCAL_FILE 0x1, BG_TOKEN_NETWORK 0x2, both, or 0 for any");
  }
  TokenScope scope;
  scope.usage_flags = usage_flags;
  for (const std::string& root : local_roots) {
    if (root.size() > 1 && root.back() == '/') {
      return error::InvalidArgument(
          "scope.local_roots: a folder is written without the slash at its end");
    }
    if (root != "/") {
      if (absl::Status s = CheckLocalName(root); !s.ok()) {
        return error::InvalidArgument(absl::StrCat("scope.local_roots: ", s.message()));
      }
    }
    scope.local_roots.push_back(root);
  }
  for (const std::string& host : hosts) {
    absl::StatusOr<HostRule> rule = ParseHostRule("scope.hosts", host);
    if (!rule.ok()) return rule.status();
    scope.hosts.push_back(*std::move(rule));
  }
  return scope;
}

bool SameScope(const TokenScope* a, const TokenScope* b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

absl::Status CheckScopeFlags(const TokenScope* scope, uint32_t flags) {
  if (scope == nullptr || scope->usage_flags == 0) return absl::OkStatus();
  return (flags & ~scope->usage_flags) == 0 ? absl::OkStatus() : Outside("use");
}

LoanLimits LimitsOf(TokenScopePtr scope, uint32_t flags) {
  if (flags == 0) return {};
  return {std::move(scope), (flags & kTokenLocalFile) != 0};
}

absl::Status CheckLoanedFile(const LoanLimits& limits, std::string_view local_name) {
  if (limits.scope == nullptr || !limits.local_files) return absl::OkStatus();
  const auto& roots = limits.scope->local_roots;
  const bool inside =
      roots.empty() || std::any_of(roots.begin(), roots.end(),
                                   [&](const auto& root) { return IsBelow(root, local_name); });
  return inside ? absl::OkStatus() : Outside("folder");
}

absl::Status CheckLoanedHost(const LoanLimits& limits, std::string_view url) {
  if (limits.scope == nullptr || limits.scope->hosts.empty()) return absl::OkStatus();
  const absl::StatusOr<Url> parsed = ParseHop(url);
  if (!parsed.ok()) return parsed.status();
  return Covered(limits.scope->hosts, *parsed) ? absl::OkStatus() : Outside("host");
}

}  // namespace bitsd::policy
