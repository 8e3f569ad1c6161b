// Which proxy a URL takes, and what may be asked for behind one.

#include "server/policy/proxy_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

/// The proxy for `url` as text; "direct", or what refused.
std::string Choice(const std::string& url, const ProxyLists& job, const ProxyLists& service = {},
                   ProxyUsage usage = ProxyUsage::kOverride) {
  const auto proxy = ProxyFor(*ParseUrl(url), usage, job, service);
  if (!proxy.ok()) return Verdict(proxy.status());
  if (!*proxy) return "direct";
  return (*proxy)->Address() + ((*proxy)->named_by_job ? " by the job" : "");
}

constexpr char kInvalid[] = "BG_E_INVALID_PROXY_INFO";

TEST(ProxyRules, UsageDecidesWhoseListCounts) {
  const ProxyLists job{"mine:1", ""};
  const ProxyLists service{"theirs:2", ""};
  const std::string url = "http://server/f";
  EXPECT_EQ(Choice(url, job, service, ProxyUsage::kPreconfig), "theirs:2");
  EXPECT_EQ(Choice(url, job, {}, ProxyUsage::kPreconfig), "direct");
  EXPECT_EQ(Choice(url, job, service, ProxyUsage::kNoProxy), "direct");
  EXPECT_EQ(Choice(url, job, service, ProxyUsage::kOverride), "mine:1 by the job");
  EXPECT_EQ(Choice(url, job, service, ProxyUsage::kAutodetect), "E_NOTIMPL");
}

TEST(ProxyRules, TheFirstProxyForTheSchemeIsTaken) {
  struct Row {
    const char* list;
    const char* http;
    const char* https;
  };
  const Row rows[] = {
      {"", "direct", "direct"},
      {" ; ", "direct", "direct"},
      {"p", "p:80 by the job", "p:80 by the job"},
      {"P.Example:8080", "p.example:8080 by the job", "p.example:8080 by the job"},
      {"http=a:1 https=b:2", "a:1 by the job", "b:2 by the job"},
      {"http=a:1;https=b:2", "a:1 by the job", "b:2 by the job"},
      {"https=b:2", "direct", "b:2 by the job"},
      {"HTTP=http://a:1/", "a:1 by the job", "direct"},
      {"a:1;b:2", "a:1 by the job", "a:1 by the job"},
      {"https=b:2 a:1", "a:1 by the job", "b:2 by the job"},
      {"10.0.0.1:3128", "10.0.0.1:3128 by the job", "10.0.0.1:3128 by the job"},
      {"[2001:db8::1]:3128", "[2001:db8::1]:3128 by the job", "[2001:db8::1]:3128 by the job"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Choice("http://server/f", {row.list, ""}), row.http) << row.list;
    EXPECT_EQ(Choice("https://server/f", {row.list, ""}), row.https) << row.list;
  }
}

TEST(ProxyRules, WhatIsNoProxyListIsRefusedWhateverTheUrl) {
  for (const char* list :
       {"http=",    "=a:1",    "ftp=a:1",      "socks=a:1", "https://a:1",   "socks5://a:1",
        "a:0",      "a:99999", "a:b",          "user@a:1",  "user:word@a:1", "a:1/path",
        "a:1?q",    "a:1#f",   "good:1 b@d:2", "a b:x",     "http=http=a:1", "[::1",
        "a_\x01:1", "-a:1",    "http:///"}) {
    EXPECT_EQ(Choice("http://server/f", {list, ""}), kInvalid) << list;
    EXPECT_EQ(Choice("https://server/f", {list, ""}), kInvalid) << list;
    EXPECT_FALSE(CheckProxyLists({list, ""}).ok());
  }
  EXPECT_EQ(Choice("http://server/f", {std::string(kMaxListText + 1, ' '), ""}), kInvalid);
  EXPECT_EQ(Choice("http://server/f", {"p", std::string(kMaxListText + 1, ' ')}), kInvalid);
}

TEST(ProxyRules, TheBypassListLeadsAroundTheProxy) {
  struct Row {
    const char* bypass;
    const char* url;
    bool direct;
  };
  const Row rows[] = {
      {"server", "http://server/f", true},
      {"server", "http://SERVER./f", true},
      {"server", "http://server.example/f", false},
      {"SERVER", "http://server/f", true},
      {"*.example", "http://a.b.example/f", true},
      {"*.example", "http://example/f", false},
      {"*example", "http://example/f", true},
      {"a*c*e", "http://abcde/f", true},
      {"a*c*e", "http://abcdf/f", false},
      {"*", "http://anything/f", true},
      {"**", "http://anything/f", true},
      {"<local>", "http://server/f", true},
      {"<local>", "http://server.example/f", false},
      {"<local>", "http://[2001:db8::1]/f", false},
      {"<local>", "http://10.0.0.1/f", false},
      {"10.*", "http://10.0.0.1/f", true},
      {"10.*", "http://11.0.0.1/f", false},
      {"[2001:db8::1]", "http://[2001:db8::1]/f", true},
      {"server:8080", "http://server:8080/f", true},
      {"server:8080", "http://server/f", false},
      {"[2001:db8::1]:81", "http://[2001:db8::1]:81/f", true},
      {"https://server", "http://server/f", false},
      {"https://server", "https://server/f", true},
      {"http://server", "http://server/f", true},
      {"other; third server", "http://server/f", true},
      {"other third", "http://server/f", false},
      {"", "http://server/f", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Choice(row.url, {"p:1", row.bypass}), row.direct ? "direct" : "p:1 by the job")
        << row.bypass << " " << row.url;
  }
}

TEST(ProxyRules, WhatIsNoBypassListIsRefused) {
  for (const char* bypass : {"<loopback>", "<local", "a/b", "a:0", "a:x", "a:", ":80", "http://",
                             "a@b", "[::1", "ok <what>", "a\xC3\xA4", "a%2a"}) {
    EXPECT_EQ(Choice("http://server/f", {"p:1", bypass}), kInvalid) << bypass;
    EXPECT_EQ(Choice("http://server/f", {"", bypass}), kInvalid) << bypass;
  }
}

TEST(ProxyRules, AWildcardThatNearlyFitsEverywhereEndsSoon) {
  const std::string url = "http://" + std::string(60, 'a') + "." + std::string(60, 'a') + "/f";
  std::string bypass;
  for (int i = 0; i < 1000; ++i) bypass += "*a*a*a*a*a*a*a*b;";
  EXPECT_EQ(Choice(url, {"p:1", bypass}), "p:1 by the job");
}

std::string Behind(const std::string& url, bool every, const std::vector<std::string>& hosts) {
  NamesBehindProxies names;
  names.every = every;
  for (const std::string& host : hosts) names.rules.push_back(*ParseHostRule("hosts", host));
  RemoteRules addresses;
  addresses.allowed = {*ParseEndpoint("127.0.0.1:8080")};
  return Verdict(CheckBehindProxy(*ParseUrl(url), addresses, names));
}

TEST(ProxyRules, BehindAProxyLiteralAddressesAreJudgedByTheTable) {
  for (const bool every : {false, true}) {
    EXPECT_EQ(Behind("http://127.0.0.1/f", every, {"127.0.0.1"}), "address_denied");
    EXPECT_EQ(Behind("http://127.0.0.1:8080/f", every, {}), "ok");
    EXPECT_EQ(Behind("http://0x7f.1/f", every, {}), "address_denied");
    EXPECT_EQ(Behind("http://169.254.169.254/f", every, {}), "address_denied");
    EXPECT_EQ(Behind("https://[::1]/f", every, {}), "address_denied");
    EXPECT_EQ(Behind("http://203.0.113.9/f", every, {}), "ok");
  }
}

TEST(ProxyRules, BehindAProxyOnlyListedNamesAreAskedFor) {
  EXPECT_EQ(Behind("http://server/f", false, {}), "address_denied");
  EXPECT_EQ(Behind("http://server/f", false, {"other"}), "address_denied");
  EXPECT_EQ(Behind("http://Server./f", false, {"server"}), "ok");
  EXPECT_EQ(Behind("http://a.example/f", false, {"*.example"}), "ok");
  EXPECT_EQ(Behind("http://server:81/f", false, {"server:80"}), "address_denied");
  EXPECT_EQ(Behind("http://localhost/f", false, {"localhost"}), "ok");
}

TEST(ProxyRules, EveryNameLeavesOutTheMachineItselfAndCloudMetadata) {
  EXPECT_EQ(Behind("http://server.example/f", true, {}), "ok");
  for (const char* name : {"localhost", "LOCALHOST.", "a.localhost", "localhost.localdomain",
                           "ip6-localhost", "ip6-loopback", "metadata", "metadata.google.internal",
                           "metadata.goog", "instance-data", "instance-data.ec2.internal"}) {
    EXPECT_EQ(Behind("http://" + std::string(name) + "/f", true, {}), "address_denied") << name;
    EXPECT_EQ(Behind("http://" + std::string(name) + "/f", true, {name}), "ok") << name;
  }
}

}  // namespace
}  // namespace bitsd::policy
