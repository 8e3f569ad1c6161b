// Downloads through real proxies, plain and by CONNECT, that ask or do not.

#include <gmock/gmock.h>

#include <cstdlib>
#include <iostream>

#include "server/error/errors.h"
#include "tests/integration/transfer/http/network_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename T>
T Need(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << "\n";
  std::abort();
}

class NetworkProxyTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    for (const uint16_t port :
         {open().port(), basic().port(), negotiate().port(), apache().port()}) {
      Allow(port);
    }
    // Proxies log a tunnel when it ends.
    options_.idle_connections = absl::Milliseconds(200);
    Restart();
  }

  static Squid& open() {
    static const auto squid = Need(Squid::Start(*servers().kdc, Squid::Asks::kNothing));
    return *squid;
  }
  static Squid& basic() {
    static const auto squid = Need(Squid::Start(*servers().kdc, Squid::Asks::kBasic));
    return *squid;
  }
  static Squid& negotiate() {
    static const auto squid = Need(Squid::Start(*servers().kdc, Squid::Asks::kNegotiate));
    return *squid;
  }
  static AuthProxy& apache() {
    static const auto proxy = Need(AuthProxy::Start(*servers().kdc));
    return *proxy;
  }
  static std::string HostAndPort(const std::string& url) {
    const size_t begin = url.find("://") + 3;
    return url.substr(begin, url.find('/', begin) - begin);
  }
  /// The last request that `proxy` let through, once it has logged it.
  static std::string Last(const Squid& proxy, const std::string& expected) {
    WaitFor([&] { return !proxy.Log().empty() && proxy.Log().back() == expected; });
    return proxy.Log().empty() ? "" : proxy.Log().back();
  }
  static std::string Last(const AuthProxy& proxy, const std::string& expected) {
    WaitFor([&] { return !proxy.Log(200).empty() && proxy.Log(200).back() == expected; });
    return proxy.Log(200).empty() ? "" : proxy.Log(200).back();
  }
  void ListProxies() {
    options_.network.implicit_proxies = {Rule("localhost")};
    Restart();
  }
};

TEST_F(NetworkProxyTest, AJobTakesTheProxyItNames) {
  UseProxy(open().Address());
  EXPECT_EQ(Fetch(web().Url("f")), kContent) << message();
  EXPECT_EQ(Last(open(), "- GET " + web().Url("f")), "- GET " + web().Url("f"));
  EXPECT_EQ(Fetch(web().TlsUrl("f")), kContent) << message();
  const std::string connect = "- CONNECT " + HostAndPort(web().TlsUrl("f"));
  EXPECT_EQ(Last(open(), connect), connect);
  EXPECT_THAT(audit_.Lines("request_sent"), Contains(HasSubstr("proxy=" + open().Address())));
}

TEST_F(NetworkProxyTest, PreconfigIsTheServicesProxyAndNoProxyIsNone) {
  options_.network.proxy.proxies = open().Address();
  Restart();
  const size_t before = open().Log().size();
  EXPECT_EQ(Fetch(web().Url("f?preconfig")), kContent) << message();
  EXPECT_EQ(Last(open(), "- GET " + web().Url("f?preconfig")), "- GET " + web().Url("f?preconfig"));
  settings_.proxy_usage = ProxyUsage::kNoProxy;
  EXPECT_EQ(Fetch(web().Url("f?direct")), kContent) << message();
  EXPECT_EQ(open().Log().size(), before + 1);
}

TEST_F(NetworkProxyTest, ABypassedHostIsConnectedTo) {
  UseProxy("localhost:1", "<local>");
  EXPECT_EQ(Fetch(web().Url("f")), kContent) << message();
  UseProxy("localhost:1", "*.example");
  EXPECT_EQ(Fetch(web().Url("f")), "E_ACCESSDENIED/address_denied");
}

TEST_F(NetworkProxyTest, ABadListIsAnErrorOfTheJob) {
  UseProxy("socks=localhost:1");
  EXPECT_EQ(Fetch(web().Url("f")), "BG_E_INVALID_PROXY_INFO");
  UseProxy(open().Address(), "a/b");
  EXPECT_EQ(Fetch(web().Url("f")), "BG_E_INVALID_PROXY_INFO");
  settings_.proxy_usage = ProxyUsage::kAutodetect;
  EXPECT_EQ(Fetch(web().Url("f")), "E_NOTIMPL");
}

TEST_F(NetworkProxyTest, BehindAProxyTheServerIsJudgedBeforeAnythingIsSent) {
  UseProxy(open().Address());
  const size_t before = open().Log().size();
  EXPECT_EQ(Fetch("http://127.0.0.1:1/f"), "E_ACCESSDENIED/address_denied");
  EXPECT_EQ(Fetch("https://169.254.169.254/f"), "E_ACCESSDENIED/address_denied");
  EXPECT_EQ(Fetch("http://unlisted.example/f"), "E_ACCESSDENIED/address_denied");
  EXPECT_EQ(Fetch("https://unlisted.example/f"), "E_ACCESSDENIED/address_denied");
  EXPECT_THAT(message(), HasSubstr("network.hosts"));
  EXPECT_EQ(Fetch(web().Url("to-other/unlisted.example/f")), "E_ACCESSDENIED/address_denied");
  EXPECT_LE(open().Log().size(), before + 1);
}

TEST_F(NetworkProxyTest, AProxyAtADeniedAddressIsNotReached) {
  options_.remote_rules.allowed.clear();
  Allow(web().web().port());
  Restart();
  UseProxy(open().Address());
  EXPECT_EQ(Fetch(web().Url("f")), "E_ACCESSDENIED/address_denied");
}

TEST_F(NetworkProxyTest, ExplicitBasicAnswersTheProxyAndTheProxyAlone) {
  UseProxy(basic().Address());
  EXPECT_EQ(Fetch(web().Url("f")), "BG_E_HTTP_ERROR_407/credentials_missing");
  EXPECT_EQ(Fetch(web().TlsUrl("f")), "BG_E_HTTP_ERROR_407/credentials_missing");
  Explicit(kProxy, AuthScheme::kBasic, "alice", kSquidPassword);
  EXPECT_EQ(Fetch(web().Url("f?basic")), kContent) << message();
  EXPECT_EQ(Last(basic(), "alice GET " + web().Url("f?basic")),
            "alice GET " + web().Url("f?basic"));
  EXPECT_EQ(Fetch(web().TlsUrl("f")), kContent) << message();
  const std::string connect = "alice CONNECT " + HostAndPort(web().TlsUrl("f"));
  EXPECT_EQ(Last(basic(), connect), connect);
  EXPECT_EQ(Fetch(web().Url("basic/f")), "BG_E_HTTP_ERROR_401/credentials_missing");
}

TEST_F(NetworkProxyTest, AWrongPasswordForTheProxyIsRefused) {
  UseProxy(basic().Address());
  Explicit(kProxy, AuthScheme::kBasic, "alice", "not-her-word");
  EXPECT_EQ(Fetch(web().Url("f")), "BG_E_HTTP_ERROR_407/credentials_refused");
  EXPECT_EQ(Fetch(web().TlsUrl("f")), "BG_E_HTTP_ERROR_407/credentials_refused");
  EXPECT_THAT(message(), HasSubstr("Basic"));
}

TEST_F(NetworkProxyTest, ImplicitNegotiateAnswersAListedProxyPlainAndByConnect) {
  UseProxy(negotiate().Address());
  Implicit(kProxy, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  EXPECT_EQ(Fetch(web().Url("f")), "BG_E_HTTP_ERROR_407/implicit_not_listed");
  EXPECT_EQ(identity->tokens(), 0);
  ListProxies();
  EXPECT_EQ(Fetch(web().Url("f?neg")), kContent) << message();
  EXPECT_EQ(Last(negotiate(), "netuser@TEST.LOCAL GET " + web().Url("f?neg")),
            "netuser@TEST.LOCAL GET " + web().Url("f?neg"));
  EXPECT_EQ(Fetch(web().TlsUrl("f")), kContent) << message();
  const std::string connect = "netuser@TEST.LOCAL CONNECT " + HostAndPort(web().TlsUrl("f"));
  EXPECT_EQ(Last(negotiate(), connect), connect);
}

TEST_F(NetworkProxyTest, ProxyAndServerBothSeeTheActingIdentity) {
  UseProxy(negotiate().Address());
  ListProxies();
  // Implicit ones for the proxy serve the server, too.
  Implicit(kProxy, AuthScheme::kNegotiate);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(web().Url("neg/f")), kContent) << message();
  EXPECT_EQ(Last(negotiate(), "netuser@TEST.LOCAL GET " + web().Url("neg/f")),
            "netuser@TEST.LOCAL GET " + web().Url("neg/f"));
  EXPECT_EQ(Fetch(web().TlsUrl("neg/f")), kContent) << message();
  EXPECT_THAT(Served(2), ElementsAre("netuser@TEST.LOCAL /neg/f", "netuser@TEST.LOCAL /neg/f"));
}

TEST_F(NetworkProxyTest, AProxyThatTheJobNamedSeesNoImplicitAnswerForAServer) {
  UseProxy(open().Address());
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_HTTP_ERROR_401/implicit_not_listed");
  EXPECT_EQ(identity->tokens(), 0);
  // TLS keeps it from the proxy, and the service's own proxy is trusted.
  EXPECT_EQ(Fetch(web().TlsUrl("neg/f")), kContent) << message();
  options_.network.proxy.proxies = open().Address();
  Restart();
  settings_.proxy_usage = ProxyUsage::kPreconfig;
  EXPECT_EQ(Fetch(web().Url("neg/f")), kContent) << message();
}

TEST_F(NetworkProxyTest, NtlmAnswersTheProxyPlainAndByConnect) {
  UseProxy(apache().Address());
  Explicit(kProxy, AuthScheme::kNtlm, "TEST\\bob", kBobNtlm);
  EXPECT_EQ(Fetch(web().Url("f")), kContent) << message();
  const std::string plain = "TEST\\\\bob GET " + web().Url("f");
  EXPECT_EQ(Last(apache(), plain), plain);
  const size_t before = apache().Log(200).size();
  EXPECT_EQ(Fetch(web().TlsUrl("f")), kContent) << message();
  EXPECT_TRUE(WaitFor([&] { return apache().Log(200).size() > before; }));
  EXPECT_THAT(apache().Log(200).back(), HasSubstr("TEST\\\\bob CONNECT"));
  settings_.credentials.clear();
  Explicit(kProxy, AuthScheme::kNtlm, "TEST\\bob", "not-his-word");
  EXPECT_EQ(Fetch(web().Url("f")), "BG_E_HTTP_ERROR_407/credentials_refused");
  EXPECT_EQ(Fetch(web().TlsUrl("f")), "BG_E_HTTP_ERROR_407/credentials_refused");
}

TEST_F(NetworkProxyTest, TwoIdentitiesInOneRequest) {
  UseProxy(apache().Address());
  ListProxies();
  Explicit(kProxy, AuthScheme::kNtlm, "TEST\\bob", kBobNtlm);
  Implicit(kServer, AuthScheme::kNegotiate);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(web().Url("neg/f?two")), kContent) << message();
  const std::string line = "TEST\\\\bob GET " + web().Url("neg/f");
  EXPECT_EQ(Last(apache(), line), line);
  EXPECT_THAT(Served(1), ElementsAre("netuser@TEST.LOCAL /neg/f?two"));
}

TEST_F(NetworkProxyTest, AProxyThatAsksAgainIsAnsweredOncePerRequest) {
  AskingServer& asking = servers().asking;
  UseProxy(asking.Address());
  Explicit(kProxy, AuthScheme::kBasic, "alice", "word");
  EXPECT_EQ(Fetch(web().Url("loop/always")), "BG_E_HTTP_ERROR_407/credentials_refused");
  EXPECT_EQ(asking.Count("always"), "2");
  // The first file is let through; the second is asked for although it shows the same.
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  const auto recorder =
      Run({File(web().Url("once/again"), "1"), File(web().Url("once/again"), "2")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.file_index, 1u);
  EXPECT_EQ(recorder->failure()->error.rule, "credentials_refused");
  EXPECT_EQ(asking.Count("again"), "3");
}

TEST_F(NetworkProxyTest, AServerThatAsksLikeAProxyGetsNoAnswer) {
  Explicit(kProxy, AuthScheme::kBasic, "alice", kSquidPassword);
  Implicit(kProxy, AuthScheme::kNegotiate);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(servers().asking.Url("loop/as-server")),
            "BG_E_HTTP_ERROR_401/credentials_missing");
}

TEST_F(NetworkProxyTest, AServerBehindATunnelIsNoProxy) {
  UseProxy(open().Address());
  Explicit(kProxy, AuthScheme::kBasic, "alice", kSquidPassword);
  EXPECT_EQ(Fetch(web().TlsUrl("as-proxy/f")), "BG_E_HTTP_ERROR_407/credentials_missing");
}

TEST_F(NetworkProxyTest, ALoanCoversProxiesToo) {
  UseProxy(open().Address());
  loan_.scope = std::make_shared<const policy::TokenScope>(
      *policy::ParseScope({}, {HostAndPort(web().Url(""))}, 0));
  EXPECT_EQ(Fetch(web().Url("f")), "E_ACCESSDENIED/token_scope");
  loan_.scope = std::make_shared<const policy::TokenScope>(
      *policy::ParseScope({}, {HostAndPort(web().Url("")), open().Address()}, 0));
  EXPECT_EQ(Fetch(web().Url("f")), kContent) << message();
}

}  // namespace
}  // namespace bitsd::tests
