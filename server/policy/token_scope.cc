#include "server/policy/token_scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/job_facts.h"
#include "server/policy/local_names.h"

namespace bitsd::policy {
namespace {

constexpr std::string_view kBelow = "*.";

absl::Status Outside(std::string_view what) {
  return error::AccessDenied(
      Rule::kTokenScope,
      absl::StrCat("the helper token was not lent for this ",
                   absl::string_view(what.data(), what.size()),
                   ": have it lent with a scope that covers it, or clear the flags; it is never "
                   "opened as the owner instead"));
}

std::string WithoutLastDot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

absl::Status BadHost() {
  return error::InvalidArgument(
      "scope.hosts: an entry is a host name, *.name, an IPv4 address or an IPv6 address in "
      "brackets, with or without :port");
}

absl::StatusOr<HostRule> ParseHost(const std::string& text) {
  HostRule rule;
  rule.text = text;
  std::string_view rest = text;
  rule.below = rest.starts_with(kBelow);
  if (rule.below) rest.remove_prefix(kBelow.size());
  // Nothing but host and port: what would end them in a URL is none of a host.
  if (rest.find_first_of("/?#@") != std::string_view::npos) return BadHost();
  const absl::StatusOr<Url> url = ParseUrl("http://" + std::string(rest) + "/");
  if (!url.ok() || (rule.below && url->literal)) return BadHost();
  const std::string_view behind = rest.substr(std::min(rest.rfind(']'), rest.size()));
  const bool has_port = (behind.empty() ? rest : behind).find(':') != std::string_view::npos;
  rule.port = has_port ? url->port : 0;
  rule.address = url->literal;
  if (rule.address) {
    rule.address->port = 0;
  } else {
    rule.name = WithoutLastDot(url->host);
  }
  return rule;
}

bool Covers(const HostRule& rule, const Url& url) {
  if (rule.port != 0 && rule.port != url.port) return false;
  if (rule.address || url.literal) {
    if (!rule.address || !url.literal) return false;
    Endpoint host = *url.literal;
    host.port = 0;
    return host == *rule.address;
  }
  const std::string name = WithoutLastDot(url.host);
  if (!rule.below) return name == rule.name;
  return name.size() > rule.name.size() + 1 && name.ends_with("." + rule.name);
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
    if (root != "/") {
      if (absl::Status s = CheckLocalName(root); !s.ok()) {
        return error::InvalidArgument(absl::StrCat("scope.local_roots: ", s.message()));
      }
    }
    scope.local_roots.push_back(root);
  }
  for (const std::string& host : hosts) {
    absl::StatusOr<HostRule> rule = ParseHost(host);
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
  const absl::StatusOr<Url> parsed = ParseUrl(url.substr(0, url.find('#')));
  if (!parsed.ok()) return parsed.status();
  const auto& hosts = limits.scope->hosts;
  const bool inside = std::any_of(hosts.begin(), hosts.end(),
                                  [&](const HostRule& rule) { return Covers(rule, *parsed); });
  return inside ? absl::OkStatus() : Outside("host");
}

}  // namespace bitsd::policy
