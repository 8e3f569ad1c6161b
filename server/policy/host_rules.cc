#include "server/policy/host_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

constexpr std::string_view kBelow = "*.";

absl::Status BadHost(std::string_view field) {
  return error::InvalidArgument(
      absl::StrCat(absl::string_view(field.data(), field.size()),
                   ": an entry is a host name, *.name, an IPv4 address or an IPv6 address in "
                   "brackets, with or without :port"));
}

bool Covers(const HostRule& rule, const Url& url) {
  if (rule.port != 0 && rule.port != url.port) return false;
  if (rule.address || url.literal) {
    if (!rule.address || !url.literal) return false;
    Endpoint host = *url.literal;
    host.port = 0;
    return host == *rule.address;
  }
  const std::string name = HostNameOf(url);
  if (!rule.below) return name == rule.name;
  return name.size() > rule.name.size() + 1 && name.ends_with("." + rule.name);
}

}  // namespace

std::string HostNameOf(const Url& url) {
  std::string name = url.host;
  if (name.ends_with('.')) name.pop_back();
  return name;
}

absl::StatusOr<HostRule> ParseHostRule(std::string_view field, const std::string& text) {
  HostRule rule;
  rule.text = text;
  std::string_view rest = text;
  rule.below = rest.starts_with(kBelow);
  if (rule.below) rest.remove_prefix(kBelow.size());
  // Nothing but host and port: what would end them in a URL is none of a host.
  if (rest.find_first_of("/?#@") != std::string_view::npos) return BadHost(field);
  const absl::StatusOr<Url> url = ParseUrl("http://" + std::string(rest) + "/");
  if (!url.ok() || (rule.below && url->literal)) return BadHost(field);
  const std::string_view behind = rest.substr(std::min(rest.rfind(']'), rest.size()));
  const bool has_port = (behind.empty() ? rest : behind).find(':') != std::string_view::npos;
  rule.port = has_port ? url->port : 0;
  rule.address = url->literal;
  if (rule.address) {
    rule.address->port = 0;
  } else {
    rule.name = HostNameOf(*url);
  }
  return rule;
}

bool Covered(const std::vector<HostRule>& rules, const Url& url) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const HostRule& rule) { return Covers(rule, url); });
}

}  // namespace bitsd::policy
