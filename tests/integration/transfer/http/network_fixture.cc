#include "tests/integration/transfer/http/network_fixture.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "server/error/errors.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

template <typename T>
T Need(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << "\n";
  std::abort();
}

}  // namespace

Servers::Servers() : kdc(Need(Kdc::Start())), web(Need(AuthServer::Start(*kdc, tls))) {
  ::setenv("KRB5_CONFIG", kdc->config().c_str(), 1);
  // Whoever names no credentials has none.
  ::setenv("KRB5CCNAME", "FILE:/nonexistent", 1);
  web->web().Put("f", kContent);
}

Servers& Servers::Get() {
  static Servers servers;
  return servers;
}

void NetworkTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: the servers run as users of their own";
  for (const uint16_t port : web().Ports()) Allow(port);
  Allow(servers().asking.port());
  options_.network.ca_file = servers().tls.ca_file();
  options_.network.implicit_hosts = {Rule("localhost")};
  options_.network.behind_proxies.rules = {Rule("localhost")};
  Restart();
  Served();
}

std::shared_ptr<RealIdentity> NetworkTest::Identity(const std::string& name,
                                                    std::optional<NtlmLogin> login) {
  const std::string keytab = servers().keys.File(name);
  if (::access(keytab.c_str(), F_OK) != 0) {
    servers().kdc->Admin({"addprinc -randkey " + name}).IgnoreError();
    EXPECT_TRUE(servers().kdc->WriteKeytab(name, keytab).ok()) << name;
  }
  return std::make_shared<RealIdentity>(name + "@" + kRealm, keytab, std::move(login));
}

void NetworkTest::Allow(uint16_t port) {
  options_.remote_rules.allowed.push_back(
      *policy::ParseEndpoint("127.0.0.1:" + std::to_string(port)));
}

void NetworkTest::Explicit(AuthTarget target, AuthScheme scheme, const std::string& user,
                           const std::string& password) {
  settings_.credentials.push_back({target, scheme, user, Secret(password)});
}

void NetworkTest::Implicit(AuthTarget target, AuthScheme scheme) {
  settings_.credentials.push_back({target, scheme, "", Secret()});
}

void NetworkTest::UseProxy(const std::string& list, const std::string& bypass) {
  settings_.proxy_usage = ProxyUsage::kOverride;
  settings_.proxy_list = list;
  settings_.proxy_bypass = bypass;
}

policy::HostRule NetworkTest::Rule(const std::string& text) {
  return *policy::ParseHostRule("test", text);
}

std::string NetworkTest::Fetch(const std::string& url) {
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  const auto recorder = Run({File(url, "fetched")});
  if (recorder->done()) return TemporaryContent(recorder->files()[0]);
  const auto failure = recorder->failure();
  if (!failure) return "no end";
  message_ = failure->error.message;
  const std::string name = HresultName(static_cast<uint32_t>(failure->error.hresult));
  const std::string suffix = failure->transient ? " transient" : "";
  return (failure->error.rule.empty() ? name : name + "/" + failure->error.rule) + suffix;
}

std::vector<std::string> NetworkTest::Served(size_t count) {
  std::vector<std::string> lines;
  // A request is logged after its answer.
  WaitFor([&] {
    lines = web().Log(200);
    return lines.size() >= served_ + count;
  });
  const size_t before = std::exchange(served_, lines.size());
  lines.erase(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(before));
  return lines;
}

}  // namespace bitsd::tests
