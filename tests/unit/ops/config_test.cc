#include "server/ops/config.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kLeast[] =
    "tls: {certificate: /pki/server.pem, key: /pki/server.key, roots: /pki/roots.pem}\n"
    "account_directory: /etc/bitsd/accounts.yaml\n";

absl::StatusOr<Config> Parse(const std::string& more) {
  return ParseConfig(kLeast + more, "bitsd.yaml");
}

TEST(ConfigTest, TheLeastConfigurationHasDefaults) {
  const auto config = Parse("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->path, "bitsd.yaml");
  EXPECT_EQ(config->listen, "127.0.0.1:7443");
  EXPECT_EQ(config->tls_certificate, "/pki/server.pem");
  EXPECT_EQ(config->tls_key, "/pki/server.key");
  EXPECT_EQ(config->tls_roots, "/pki/roots.pem");
  EXPECT_THAT(config->tls_san_sid_roots, IsEmpty());
  EXPECT_EQ(config->account_directory, "/etc/bitsd/accounts.yaml");
  EXPECT_THAT(config->privileged_groups,
              ElementsAre("root", "sudo", "adm", "disk", "shadow", "docker", "lxd", "kmem"));
  EXPECT_EQ(config->run_as_uid, std::nullopt);
  EXPECT_FALSE(config->allow_root);
  EXPECT_EQ(config->policy, policy::Version::kWindows10_1607);
  EXPECT_EQ(config->limits.jobs_per_user, 60u);
  EXPECT_EQ(config->max_running_jobs, 64u);
  EXPECT_EQ(config->background_jobs, 1u);
  EXPECT_EQ(config->time_slice, absl::Minutes(5));
  EXPECT_EQ(config->token_max_ttl, absl::Hours(24));
  EXPECT_EQ(config->log_level, "info");
}

TEST(ConfigTest, EveryKeyIsRead) {
  const auto config = ParseConfig(R"(
listen: "[::1]:0"
tls:
  certificate: /pki/server.pem
  key: /pki/server.key
  roots: /pki/roots.pem
  san_sid_roots: [/pki/windows.pem]
account_directory: /etc/bitsd/accounts.yaml
privileged_groups: [wheel]
run_as: {uid: 61000, gid: daemon}
state_dir: /s
store_key_file: /k
run_dir: /r
log_dir: /l
log_level: warning
policy: windows7
allowed_roots: [/srv, /]
allowed_addresses: ["127.0.0.1:8080", "[::1]"]
limits: {jobs_per_machine: 1, jobs_per_user: 2, files_per_job: 3, max_running_jobs: 4, background_jobs: 2,
  finished_jobs_per_user: 5, finished_bytes_per_user: 70000, answers_per_user: 6, answer_bytes_per_user: 80000}
scheduler: {time_slice: 10s, lend_after: 500ms}
lifetimes: {token_max_ttl: 1h30m, handle_idle: 600s, retention: 0}
timeouts: {broker: 5s, connect: 6s, stall: 7m}
)",
                                  "bitsd.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "[::1]:0");
  EXPECT_THAT(config->tls_san_sid_roots, ElementsAre("/pki/windows.pem"));
  EXPECT_THAT(config->privileged_groups, ElementsAre("wheel"));
  EXPECT_EQ(config->run_as_uid, 61000u);
  EXPECT_EQ(config->run_as_gid, 1u);
  EXPECT_EQ(config->state_dir + config->run_dir + config->log_dir, "/s/r/l");
  EXPECT_EQ(config->store_key_file, "/k");
  EXPECT_EQ(config->log_level, "warning");
  EXPECT_EQ(config->policy, policy::Version::kWindows7);
  EXPECT_THAT(config->allowed_roots, ElementsAre("/srv", "/"));
  ASSERT_EQ(config->allowed_addresses.size(), 2u);
  EXPECT_EQ(config->allowed_addresses[0].port, 8080);
  EXPECT_EQ(config->limits.jobs_per_machine, 1u);
  EXPECT_EQ(config->limits.jobs_per_user, 2u);
  EXPECT_EQ(config->limits.files_per_job, 3u);
  EXPECT_EQ(config->max_running_jobs, 4u);
  EXPECT_EQ(config->background_jobs, 2u);
  EXPECT_EQ(config->finished_jobs, (policy::KeptLimits{5, 70000}));
  EXPECT_EQ(config->answers, (policy::KeptLimits{6, 80000}));
  EXPECT_EQ(config->time_slice, absl::Seconds(10));
  EXPECT_EQ(config->lend_after, absl::Milliseconds(500));
  EXPECT_EQ(config->token_max_ttl, absl::Minutes(90));
  EXPECT_EQ(config->handle_idle, absl::Minutes(10));
  EXPECT_EQ(config->retention, absl::ZeroDuration());
  EXPECT_EQ(config->broker_deadline, absl::Seconds(5));
  EXPECT_EQ(config->connect_timeout, absl::Seconds(6));
  EXPECT_EQ(config->stall_timeout, absl::Minutes(7));
}

TEST(ConfigTest, TheNetworkIsRead) {
  const auto config = Parse(R"(network:
  proxy: "http=proxy.example:3128 https=proxy.example:3129"
  proxy_bypass: "<local>; *.example"
  hosts: ["*.example.com", "127.0.0.1:8080", "*"]
  implicit_hosts: [intranet.example]
  implicit_proxies: ["proxy.example:3128"]
  ca_file: /pki/web.pem
  crls: [/pki/web.crl]
)");
  ASSERT_TRUE(config.ok()) << config.status();
  const policy::NetworkRules& network = config->network;
  EXPECT_EQ(network.proxy.proxies, "http=proxy.example:3128 https=proxy.example:3129");
  EXPECT_EQ(network.proxy.bypass, "<local>; *.example");
  EXPECT_TRUE(network.behind_proxies.every);
  ASSERT_EQ(network.behind_proxies.rules.size(), 2u);
  EXPECT_TRUE(network.behind_proxies.rules[0].below);
  EXPECT_EQ(network.implicit_hosts.at(0).name, "intranet.example");
  EXPECT_EQ(network.implicit_proxies.at(0).port, 3128);
  EXPECT_EQ(network.ca_file, "/pki/web.pem");
  EXPECT_THAT(network.crls, ElementsAre("/pki/web.crl"));
}

TEST(ConfigTest, TheNetworkGivesNothingAwayByDefault) {
  const auto config = Parse("network: {}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->network, policy::NetworkRules{});
  EXPECT_FALSE(config->network.behind_proxies.every);
  EXPECT_THAT(config->network.implicit_hosts, IsEmpty());
}

TEST(ConfigTest, WhatIsWrongIsRefusedWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"tls: {}", "'tls' is given twice"},
      {"allow_root: true", "unknown key 'allow_root'"},
      {"listen: localhost:7443", "write an address and a port"},
      {"listen: 127.0.0.1", "write an address and a port"},
      {"listen: 127.0.0.1:65536", "write an address and a port"},
      {"listen: '127.0.0.1:'", "write an address and a port"},
      {"listen: 127.0.0.1:-1", "write an address and a port"},
      {"listen: 127.1:7443", "write an address and a port"},
      {"listen: '::1:7443'", "write an address and a port"},
      {"listen: '[::1:7443'", "write an address and a port"},
      {"listen: unix:/run/x", "write an address and a port"},
      {"listen: [a]", "write a text"},
      {"state_dir: var/lib", "absolute path"},
      {"store_key_file: key", "absolute path"},
      {"state_dir: /var/../etc", "absolute path"},
      {"state_dir: /var//lib", "absolute path"},
      {"state_dir: /var/lib/", "absolute path"},
      {"state_dir: /var/./lib", "absolute path"},
      {"state_dir: \"/var\\0lib\"", "control characters"},
      {"state_dir: /" + std::string(5000, 'x'), "absolute path"},
      {"privileged_groups: [27]", "name of a group"},
      {"privileged_groups: root", "write a list"},
      {"run_as: {uid: 0, gid: 5}", "does not stay root"},
      {"run_as: {uid: 5, gid: root}", "does not stay root"},
      {"run_as: {uid: 5}", "'gid' is missing"},
      {"run_as: {uid: -1, gid: 5}", "number from 0"},
      {"run_as: bits", "write a map"},
      {"policy: windows8", "windows10_1607 or windows7"},
      {"network: {proxy: \"p:1\"}", "which names may be asked for"},
      {"network: {proxy: \"socks=p:1\", hosts: [\"*\"]}", "the proxy list has"},
      {"network: {proxy_bypass: a/b}", "the proxy bypass list has"},
      {"network: {implicit_hosts: [\"*\"]}", "an entry is a host name"},
      {"network: {implicit_hosts: [\"http://a\"]}", "an entry is a host name"},
      {"network: {hosts: [\"a*b\"]}", "an entry is a host name"},
      {"network: {hosts: \"*\"}", "write a list"},
      {"network: {ca_file: web.pem}", "absolute path"},
      {"network: {autodetect: true}", "unknown key 'autodetect'"},
      {"policy: []", "windows10_1607 or windows7"},
      {"log_level: loud", "debug, info, warning or error"},
      {"allowed_roots: [srv]", "absolute path"},
      {"allowed_addresses: [localhost]", "write an address"},
      {"limits: {max_running_jobs: 1}", "number from 2 to 1000"},
      {"limits: {max_running_jobs: 1001}", "number from 2 to 1000"},
      {"limits: {background_jobs: 0}", "number from 1"},
      {"limits: {max_running_jobs: 4, background_jobs: 4}", "fewer background_jobs"},
      {"scheduler: {time_slice: 0s}", "duration from 20ms"},
      {"scheduler: {slice: 5m}", "unknown key 'slice'"},
      {"limits: {jobs_per_user: -5}", "number from 1"},
      {"limits: {jobs_per_user: \"5\"}", "number from 1"},
      {"limits: {jobs: 5}", "unknown key 'jobs'"},
      {"limits: 5", "write a map"},
      {"lifetimes: {token_max_ttl: 0s}", "duration from 1s"},
      {"lifetimes: {token_max_ttl: 24}", "write a duration"},
      {"lifetimes: {token_max_ttl: inf}", "write a duration"},
      {"lifetimes: {retention: -1s}", "write a duration"},
      {"lifetimes: {retention: 721h}", "write a duration"},
      {"timeouts: {stall: 2h}", "write a duration"},
      {"timeouts: {stall: [1s]}", "write a duration"},
      {"timeouts: {idle: 0s}", "duration from 1s"},
      {"timeouts: {listener: 2h}", "write a duration"},
      {"limits: {connections: 0}", "number from 1"},
      {"limits: {connections_per_address: 100001}", "number from 1"},
      {"limits: {connections_per_user: x}", "number from 1"},
  };
  for (const auto& [text, reason] : wrong) {
    const auto config = Parse(text + "\n");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_EQ(DetailOf(config.status()).hresult, Hresult::kInvalidArgument);
    EXPECT_THAT(std::string(config.status().message()), StartsWith("bitsd.yaml:3:")) << text;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(reason)) << text;
  }
}

TEST(ConfigTest, WhatItCannotDoWithoutIsRequired) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "'account_directory' is missing"},
      {"account_directory: /a\n", "'tls' is missing"},
      {"account_directory: /a\ntls: {key: /k, roots: /r}\n", "'certificate' is missing"},
      {"account_directory: /a\ntls: {certificate: /c, roots: /r}\n", "'key' is missing"},
      {"account_directory: /a\ntls: {certificate: /c, key: /k}\n", "'roots' is missing"},
      {"account_directory: /a\ntls: ~\n", "write a map"},
  };
  for (const auto& [text, reason] : wrong) {
    const auto config = ParseConfig(text, "bitsd.yaml");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(reason)) << text;
  }
}

TEST(ConfigTest, AFileIsReadFromDisk) {
  const tests::TempFolder folder;
  const std::string path = folder.File("bitsd.yaml");
  EXPECT_FALSE(LoadConfig(path).ok());
  tests::WriteFile(path, kLeast);
  const auto config = LoadConfig(path);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->path, path);
  tests::WriteFile(path, std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(std::string(LoadConfig(path).status().message()), HasSubstr("larger than"));
}

}  // namespace
}  // namespace bitsd
