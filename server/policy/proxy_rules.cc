#include "server/policy/proxy_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/absl_view.h"
#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kLocal = "<local>";

/// Whom a proxy would ask on its own machine or in its own cloud.
constexpr std::array<std::string_view, 9> kInsideNames = {
    "localhost",    "localhost.localdomain",    "ip6-localhost", "ip6-loopback",
    "metadata",     "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal",
    "instance-data"};

absl::Status BadProxy(std::string_view entry) {
  return error::InvalidProxyInfo(
      absl::StrCat("the proxy list has \"", ToAbsl(entry.substr(0, 100)),
                   "\": write [http=|https=][http://]HOST[:PORT], several apart by spaces or "
                   "semicolons; proxies of other kinds are not taken"));
}

absl::Status BadBypass(std::string_view entry) {
  return error::InvalidProxyInfo(
      absl::StrCat("the proxy bypass list has \"", ToAbsl(entry.substr(0, 100)),
                   "\": write hosts, with * for any characters, or <local>, apart by spaces or "
                   "semicolons"));
}

std::vector<std::string_view> Entries(std::string_view list) {
  constexpr std::string_view kBetween = "; \t\r\n";
  std::vector<std::string_view> entries;
  while (true) {
    const size_t begin = list.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) return entries;
    list.remove_prefix(begin);
    entries.push_back(list.substr(0, list.find_first_of(kBetween)));
    list.remove_prefix(entries.back().size());
  }
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(prefix))) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct ProxyEntry {
  bool for_http = true;
  bool for_https = true;
  Proxy proxy;
};

absl::StatusOr<ProxyEntry> ParseProxy(std::string_view text) {
  ProxyEntry entry;
  std::string_view rest = text;
  if (TakePrefix(rest, "https=")) {
    entry.for_http = false;
  } else if (TakePrefix(rest, "http=")) {
    entry.for_https = false;
  }
  if (TakePrefix(rest, kHttp) && rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@=") != std::string_view::npos) return BadProxy(text);
  const absl::StatusOr<Url> url = ParseUrl(std::string(kHttp) + std::string(rest));
  if (!url.ok()) return BadProxy(text);
  entry.proxy.host = rest.starts_with('[') ? "[" + url->host + "]" : url->host;
  entry.proxy.port = url->port;
  return entry;
}

struct BypassEntry {
  bool local = false;
  bool for_http = true;
  bool for_https = true;
  std::string pattern;  ///< Lower case.
  uint16_t port = 0;    ///< 0: every port.
};

bool IsPatternCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_' ||
         c == '*';
}

absl::StatusOr<BypassEntry> ParseBypass(std::string_view text) {
  BypassEntry entry;
  entry.local = text == kLocal;
  if (entry.local) return entry;
  std::string_view rest = text;
  if (TakePrefix(rest, kHttps)) {
    entry.for_http = false;
  } else if (TakePrefix(rest, kHttp)) {
    entry.for_https = false;
  }
  const bool bracketed = rest.starts_with('[');
  const size_t end = std::min(rest.size(), rest.find(bracketed ? ']' : ':'));
  if (bracketed && end == rest.size()) return BadBypass(text);
  std::string_view pattern = rest.substr(0, end);
  rest.remove_prefix(bracketed ? end + 1 : end);
  if (bracketed) pattern.remove_prefix(1);
  const auto allowed = [=](char c) { return IsPatternCharacter(c) || (bracketed && c == ':'); };
  if (pattern.empty() || !std::all_of(pattern.begin(), pattern.end(), allowed)) {
    return BadBypass(text);
  }
  entry.pattern = absl::AsciiStrToLower(ToAbsl(pattern));
  if (rest.empty()) return entry;
  const auto port = rest.starts_with(':') ? ParsePort(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0) return BadBypass(text);
  entry.port = *port;
  return entry;
}

/// '*' stands for any characters. Linear but for one step back at a time.
bool Matches(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool Bypasses(const BypassEntry& entry, const Url& url) {
  const std::string host = HostNameOf(url);
  if (entry.local) return !url.literal && host.find('.') == std::string::npos;
  if (!(url.scheme == Scheme::kHttps ? entry.for_https : entry.for_http)) return false;
  return (entry.port == 0 || entry.port == url.port) && Matches(entry.pattern, host);
}

/// All entries, so that a list is good or bad whatever URL it is read for.
struct ParsedLists {
  std::vector<ProxyEntry> proxies;
  std::vector<BypassEntry> bypass;
};

absl::StatusOr<ParsedLists> Parse(const ProxyLists& lists) {
  if (lists.proxies.size() > kMaxListText || lists.bypass.size() > kMaxListText) {
    return error::InvalidProxyInfo("a proxy list has at most 32,768 characters");
  }
  ParsedLists parsed;
  for (const std::string_view text : Entries(lists.proxies)) {
    absl::StatusOr<ProxyEntry> entry = ParseProxy(text);
    if (!entry.ok()) return entry.status();
    parsed.proxies.push_back(*std::move(entry));
  }
  for (const std::string_view text : Entries(lists.bypass)) {
    absl::StatusOr<BypassEntry> entry = ParseBypass(text);
    if (!entry.ok()) return entry.status();
    parsed.bypass.push_back(*std::move(entry));
  }
  return parsed;
}

absl::StatusOr<std::optional<Proxy>> Choose(const Url& url, const ProxyLists& lists) {
  const absl::StatusOr<ParsedLists> parsed = Parse(lists);
  if (!parsed.ok()) return parsed.status();
  const bool bypassed = std::any_of(parsed->bypass.begin(), parsed->bypass.end(),
                                    [&](const BypassEntry& entry) { return Bypasses(entry, url); });
  if (bypassed) return std::nullopt;
  for (const ProxyEntry& entry : parsed->proxies) {
    if (url.scheme == Scheme::kHttps ? entry.for_https : entry.for_http) return entry.proxy;
  }
  return std::nullopt;
}

bool IsInsideName(const std::string& name) {
  return name.ends_with(".localhost") ||
         std::find(kInsideNames.begin(), kInsideNames.end(), name) != kInsideNames.end();
}

}  // namespace

absl::Status CheckProxyLists(const ProxyLists& lists) { return Parse(lists).status(); }

absl::StatusOr<std::optional<Proxy>> ProxyFor(const Url& url, ProxyUsage usage,
                                              const ProxyLists& job, const ProxyLists& service) {
  switch (usage) {
    case ProxyUsage::kNoProxy: return std::nullopt;
    case ProxyUsage::kPreconfig: return Choose(url, service);
    case ProxyUsage::kAutodetect: break;
    case ProxyUsage::kOverride: {
      absl::StatusOr<std::optional<Proxy>> proxy = Choose(url, job);
      if (proxy.ok() && *proxy) (*proxy)->named_by_job = true;
      return proxy;
    }
  }
  return error::NotImplemented("proxies are not detected: name one, or use the service's own");
}

absl::Status CheckBehindProxy(const Url& url, const RemoteRules& addresses,
                              const NamesBehindProxies& names) {
  if (url.literal) return CheckEndpoint(*url.literal, addresses);
  if (Covered(names.rules, url)) return absl::OkStatus();
  const std::string name = HostNameOf(url);
  if (names.every && !IsInsideName(name)) return absl::OkStatus();
  return error::AccessDenied(
      Rule::kAddressDenied,
      absl::StrCat("\"", name,
                   "\" may not be asked for through a proxy, which alone sees its address: have it "
                   "listed in network.hosts"));
}

}  // namespace bitsd::policy
