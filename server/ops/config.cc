#include "server/ops/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <limits>

#include "server/base/strict_yaml.h"
#include "server/error/errors.h"
#include "server/identity/posix_names.h"
#include "server/ops/log.h"

namespace bitsd {
namespace {

using yaml::Errors;
using yaml::Fields;
using yaml::Integer;
using yaml::ListOf;
using yaml::TreeNode;

constexpr size_t kMaxListLength = 1024;

/// Absolute and in its shortest spelling, so that two paths are the same when their texts are.
std::optional<std::string> ReadPath(const TreeNode& node, Errors& errors) {
  auto path = yaml::Text(node, errors);
  if (!path) return std::nullopt;
  const bool normal = std::filesystem::path(*path).lexically_normal().string() == *path;
  const bool trailing = path->size() > 1 && path->back() == '/';
  if ((*path)[0] == '/' && normal && !trailing && path->size() < PATH_MAX) return path;
  errors.Add(node, "write an absolute path here, without '.', '..', '//' or a '/' at its end");
  return std::nullopt;
}

bool IsPort(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 5 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoi(text) <= 65535;
}

bool IsAddress(const std::string& host) {
  in6_addr address;
  if (!host.starts_with('[')) return inet_pton(AF_INET, host.c_str(), &address) == 1;
  return host.ends_with(']') &&
         inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
}

std::optional<std::string> ReadListen(const TreeNode& node, Errors& errors) {
  auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  const size_t colon = text->rfind(':');
  if (colon != std::string::npos && IsAddress(text->substr(0, colon)) &&
      IsPort(text->substr(colon + 1))) {
    return text;
  }
  errors.Add(node, "write an address and a port here, as 127.0.0.1:7443 or \"[::1]:7443\"");
  return std::nullopt;
}

std::optional<policy::Endpoint> ReadEndpoint(const TreeNode& node, Errors& errors) {
  const auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  const absl::StatusOr<policy::Endpoint> endpoint = policy::ParseEndpoint(*text);
  if (endpoint.ok()) return *endpoint;
  errors.Add(node, "write an address here, with or without a port, as 127.0.0.1:8080");
  return std::nullopt;
}

std::optional<policy::HostRule> ReadHostRule(const TreeNode& node, Errors& errors) {
  const auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  absl::StatusOr<policy::HostRule> rule = policy::ParseHostRule("network", *text);
  if (rule.ok()) return *std::move(rule);
  errors.Add(node, std::string(rule.status().message()));
  return std::nullopt;
}

/// Groups that a machine does not have are skipped, so a number would be skipped silently.
std::optional<std::string> ReadGroupName(const TreeNode& node, Errors& errors) {
  auto name = yaml::Text(node, errors);
  if (!name || (*name)[0] < '0' || (*name)[0] > '9') return name;
  errors.Add(node, "write the name of a group here, not a number");
  return std::nullopt;
}

std::optional<policy::Version> ReadPolicy(const TreeNode& node, Errors& errors) {
  if (node.text == "windows10_1607") return policy::Version::kWindows10_1607;
  if (node.text == "windows7") return policy::Version::kWindows7;
  errors.Add(node, "write windows10_1607 or windows7 here");
  return std::nullopt;
}

std::optional<StoreKind> ReadStore(const TreeNode& node, Errors& errors) {
  if (node.text == "sqlite") return StoreKind::kSqlite;
  if (node.text == "memory") return StoreKind::kMemory;
  errors.Add(node, "write sqlite or memory here");
  return std::nullopt;
}

std::optional<std::string> ReadLogLevel(const TreeNode& node, Errors& errors) {
  if (IsLogLevel(node.text)) return node.text;
  errors.Add(node, "write debug, info, warning or error here");
  return std::nullopt;
}

/// Reader of "90s", "5m", "24h", "1h30m", from `min` to `max`.
auto Duration(absl::Duration min, absl::Duration max) {
  return [=](const TreeNode& node, Errors& errors) -> std::optional<absl::Duration> {
    absl::Duration value;
    const bool good = absl::ParseDuration(node.text, &value) && value >= min && value <= max;
    if (good) return value;
    errors.Add(node, "write a duration from " + absl::FormatDuration(min) + " to " +
                         absl::FormatDuration(max) + " here, as 90s, 5m or 24h");
    return std::nullopt;
  };
}

/// Root is what bitsd leaves: it cannot be what it becomes.
template <typename Id, typename Reader>
void ReadRunAsId(const Fields& fields, Errors& errors, const char* key, std::optional<Id>& out,
                 Reader read) {
  if (fields.Required(key, out, read) && *out == 0) {
    errors.Add(*fields.Find(key), "run_as: bitsd does not stay root; name another user and group");
  }
}

void ReadRunAs(const TreeNode* node, Errors& errors, Config& config) {
  if (node == nullptr) return;
  const Fields fields(*node, errors, {"uid", "gid"});
  ReadRunAsId(fields, errors, "uid", config.run_as_uid, ReadUserId);
  ReadRunAsId(fields, errors, "gid", config.run_as_gid, ReadGroupId);
}

void ReadTls(const TreeNode* node, Errors& errors, Config& config) {
  if (node == nullptr) {
    errors.Add(1, 1, "key 'tls' is missing: bitsd needs a certificate, its key and trust roots");
    return;
  }
  const Fields fields(*node, errors, {"certificate", "key", "roots", "san_sid_roots", "crls"});
  fields.Required("certificate", config.tls_certificate, ReadPath);
  fields.Required("key", config.tls_key, ReadPath);
  fields.Required("roots", config.tls_roots, ReadPath);
  fields.Optional("san_sid_roots", config.tls_san_sid_roots, ListOf(ReadPath, kMaxListLength));
  fields.Optional("crls", config.tls_crls, ListOf(ReadPath, kMaxListLength));
}

void ReadConnections(const Fields& fields, Config& config) {
  const auto count = Integer<size_t>(1, 100'000);
  fields.Optional("connections", config.connections, count);
  fields.Optional("connections_per_address", config.connections_per_address, count);
  fields.Optional("connections_per_user", config.connections_per_user, count);
}

void ReadLimits(const TreeNode* node, Errors& errors, Config& config) {
  if (node == nullptr) return;
  const Fields fields(
      *node, errors,
      {"jobs_per_machine", "jobs_per_user", "files_per_job", "max_running_jobs", "background_jobs",
       "finished_jobs_per_user", "finished_bytes_per_user", "answers_per_user",
       "answer_bytes_per_user", "connections", "connections_per_address", "connections_per_user"});
  ReadConnections(fields, config);
  fields.Optional("jobs_per_machine", config.limits.jobs_per_machine,
                  Integer<size_t>(1, 1'000'000));
  fields.Optional("jobs_per_user", config.limits.jobs_per_user, Integer<size_t>(1, 1'000'000));
  fields.Optional("files_per_job", config.limits.files_per_job,
                  Integer<size_t>(1, policy::kMaxFilesPerJob));
  fields.Optional("max_running_jobs", config.max_running_jobs, Integer<size_t>(2, 1'000));
  fields.Optional("background_jobs", config.background_jobs, Integer<size_t>(1, 999));
  const auto count = Integer<size_t>(1, 1'000'000);
  const auto bytes = Integer<size_t>(size_t{1} << 16, size_t{1} << 40);
  fields.Optional("finished_jobs_per_user", config.finished_jobs.count, count);
  fields.Optional("finished_bytes_per_user", config.finished_jobs.bytes, bytes);
  fields.Optional("answers_per_user", config.answers.count, count);
  fields.Optional("answer_bytes_per_user", config.answers.bytes, bytes);
  if (config.background_jobs < config.max_running_jobs) return;
  errors.Add(*node, "limits: write fewer background_jobs than max_running_jobs");
}

void ReadScheduler(const TreeNode* node, Errors& errors, Config& config) {
  if (node == nullptr) return;
  const Fields fields(*node, errors, {"time_slice", "lend_after"});
  const absl::Duration shortest = absl::Milliseconds(20);
  fields.Optional("time_slice", config.time_slice, Duration(shortest, absl::Hours(24)));
  fields.Optional("lend_after", config.lend_after, Duration(shortest, absl::Hours(1)));
}

void ReadLifetimes(const TreeNode* node, Errors& errors, Config& config) {
  if (node == nullptr) return;
  const Fields fields(*node, errors,
                      {"token_max_ttl", "token_warning", "handle_idle", "retention"});
  const absl::Duration day = absl::Hours(24);
  fields.Optional("token_max_ttl", config.token_max_ttl, Duration(absl::Seconds(1), 7 * day));
  fields.Optional("token_warning", config.token_warning, Duration(absl::ZeroDuration(), 7 * day));
  fields.Optional("handle_idle", config.handle_idle, Duration(absl::Seconds(1), 7 * day));
  fields.Optional("retention", config.retention, Duration(absl::ZeroDuration(), 30 * day));
}

std::optional<bool> ReadYesOrNo(const TreeNode& node, Errors& errors) {
  if (node.text == "true" || node.text == "false") return node.text == "true";
  errors.Add(node, "write true or false here");
  return std::nullopt;
}

void ReadSessions(const TreeNode* node, Errors& errors, policy::SessionLimits& sessions) {
  if (node == nullptr) return;
  const Fields fields(
      *node, errors,
      {"require_logon", "min_ttl", "max_ttl", "max_life", "default_idle", "per_user"});
  const absl::Duration day = absl::Hours(24);
  const auto time = Duration(absl::Seconds(1), 30 * day);
  fields.Optional("require_logon", sessions.require_logon, ReadYesOrNo);
  fields.Optional("min_ttl", sessions.min_ttl, time);
  fields.Optional("max_ttl", sessions.max_ttl, time);
  fields.Optional("max_life", sessions.max_life, time);
  fields.Optional("default_idle", sessions.default_idle, time);
  fields.Optional("per_user", sessions.per_user, Integer<size_t>(1, 1'000));
  if (sessions.min_ttl <= sessions.max_ttl && sessions.max_ttl <= sessions.max_life) return;
  errors.Add(*node, "sessions: write min_ttl, max_ttl and max_life in rising order");
}

/// A rule, or "*", which stands for every name.
std::optional<policy::HostRule> ReadHostRuleOrStar(const TreeNode& node, Errors& errors) {
  if (node.text == "*") return policy::HostRule{"*", "", false, std::nullopt, 0};
  return ReadHostRule(node, errors);
}

void ReadNamesBehindProxies(const TreeNode* node, Errors& errors,
                            policy::NamesBehindProxies& names) {
  if (node == nullptr) return;
  auto rules = ListOf(ReadHostRuleOrStar, kMaxListLength)(*node, errors);
  if (!rules) return;
  const auto is_star = [](const policy::HostRule& rule) { return rule.text == "*"; };
  names.every = std::erase_if(*rules, is_star) > 0;
  names.rules = *std::move(rules);
}

void ReadNetwork(const TreeNode* node, Errors& errors, policy::NetworkRules& network) {
  if (node == nullptr) return;
  const Fields fields(
      *node, errors,
      {"proxy", "proxy_bypass", "hosts", "implicit_hosts", "implicit_proxies", "ca_file", "crls"});
  const auto hosts = ListOf(ReadHostRule, kMaxListLength);
  fields.Optional("proxy", network.proxy.proxies, yaml::Text);
  fields.Optional("proxy_bypass", network.proxy.bypass, yaml::Text);
  fields.Optional("implicit_hosts", network.implicit_hosts, hosts);
  fields.Optional("implicit_proxies", network.implicit_proxies, hosts);
  fields.Optional("ca_file", network.ca_file, ReadPath);
  fields.Optional("crls", network.crls, ListOf(ReadPath, kMaxListLength));
  ReadNamesBehindProxies(fields.Find("hosts"), errors, network.behind_proxies);
  const absl::Status lists = policy::CheckProxyLists(network.proxy);
  if (!lists.ok()) errors.Add(*node, "network: " + std::string(lists.message()));
  const policy::NamesBehindProxies& names = network.behind_proxies;
  if (network.proxy.proxies.empty() || names.every || !names.rules.empty()) return;
  errors.Add(*node,
             "network: write into hosts which names may be asked for through the proxy, as "
             "[\"*.example.com\"], or [\"*\"] for every name");
}

void ReadTimeouts(const TreeNode* node, Errors& errors, Config& config) {
  if (node == nullptr) return;
  const Fields fields(*node, errors, {"broker", "connect", "stall", "idle", "listener"});
  const auto timeout = Duration(absl::Seconds(1), absl::Hours(1));
  fields.Optional("broker", config.broker_deadline, timeout);
  fields.Optional("connect", config.connect_timeout, timeout);
  fields.Optional("stall", config.stall_timeout, timeout);
  fields.Optional("idle", config.idle_timeout, Duration(absl::Seconds(1), absl::Hours(24)));
  fields.Optional("listener", config.listener_timeout,
                  Duration(absl::ZeroDuration(), absl::Hours(1)));
}

void ReadPlaces(const Fields& fields, Config& config) {
  fields.Optional("listen", config.listen, ReadListen);
  fields.Required("account_directory", config.account_directory, ReadPath);
  fields.Optional("privileged_groups", config.privileged_groups,
                  ListOf(ReadGroupName, kMaxListLength));
  fields.Optional("store", config.store, ReadStore);
  fields.Optional("state_dir", config.state_dir, ReadPath);
  fields.Optional("store_key_file", config.store_key_file, ReadPath);
  fields.Optional("run_dir", config.run_dir, ReadPath);
  fields.Optional("log_dir", config.log_dir, ReadPath);
  fields.Optional("log_level", config.log_level, ReadLogLevel);
}

void ReadRules(const Fields& fields, Config& config) {
  fields.Optional("policy", config.policy, ReadPolicy);
  fields.Optional("allowed_roots", config.allowed_roots, ListOf(ReadPath, kMaxListLength));
  fields.Optional("allowed_addresses", config.allowed_addresses,
                  ListOf(ReadEndpoint, kMaxListLength));
}

void ReadConfig(const TreeNode& root, Errors& errors, Config& config) {
  const Fields fields(
      root, errors,
      {"listen",    "tls",       "account_directory", "privileged_groups", "run_as",
       "store",     "state_dir", "store_key_file",    "run_dir",           "log_dir",
       "log_level", "policy",    "allowed_roots",     "allowed_addresses", "limits",
       "network",   "scheduler", "sessions",          "lifetimes",         "timeouts"});
  ReadPlaces(fields, config);
  ReadRules(fields, config);
  ReadTls(fields.Find("tls"), errors, config);
  ReadRunAs(fields.Find("run_as"), errors, config);
  ReadLimits(fields.Find("limits"), errors, config);
  ReadScheduler(fields.Find("scheduler"), errors, config);
  ReadSessions(fields.Find("sessions"), errors, config.sessions);
  ReadLifetimes(fields.Find("lifetimes"), errors, config);
  ReadTimeouts(fields.Find("timeouts"), errors, config);
  ReadNetwork(fields.Find("network"), errors, config.network);
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::string& content, const std::string& path) {
  Errors errors(path);
  Config config;
  config.path = path;
  if (const auto root = yaml::Parse(content, errors)) ReadConfig(*root, errors, config);
  if (!errors.ok()) return errors.status();
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  const absl::StatusOr<std::string> content = yaml::ReadFile(path, kMaxConfigBytes);
  if (!content.ok()) return content.status();
  return ParseConfig(*content, path);
}

}  // namespace bitsd
