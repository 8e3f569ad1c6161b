// TLS to servers: what the job's flags leave out and nothing more, revocation, redirects, HTTP/2.

#include <gmock/gmock.h>

#include "server/error/errors.h"
#include "tests/integration/transfer/http/network_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::HasSubstr;

class NetworkTlsTest : public NetworkTest {
 protected:
  std::string FetchWith(uint32_t flags, const std::string& url) {
    settings_.security_flags = flags;
    return Fetch(url);
  }
};

constexpr char kRefused[] = "BG_E_CONNECT_FAILURE";
constexpr uint32_t kEveryFlag =
    kSslIgnoreName | kSslIgnoreDate | kSslIgnoreUnknownCa | kSslIgnoreUsage;

TEST_F(NetworkTlsTest, EachFlagLeavesOutItsOwnCheckAndNoOther) {
  const struct {
    const char* certificate;
    uint32_t flag;
  } rows[] = {{"name", kSslIgnoreName},
              {"expired", kSslIgnoreDate},
              {"stranger", kSslIgnoreUnknownCa},
              {"usage", kSslIgnoreUsage}};
  for (const auto& row : rows) {
    const std::string url = web().UrlOf(row.certificate, "f");
    EXPECT_EQ(FetchWith(0, url), kRefused) << row.certificate;
    EXPECT_EQ(FetchWith(kEveryFlag & ~row.flag, url), kRefused) << row.certificate;
    EXPECT_EQ(FetchWith(row.flag, url), kContent) << row.certificate << message();
    EXPECT_EQ(FetchWith(kEveryFlag, url), kContent) << row.certificate << message();
    EXPECT_EQ(FetchWith(0, url), kRefused) << row.certificate << ": a connection was left over";
  }
}

TEST_F(NetworkTlsTest, RevocationIsCheckedWhereTheJobAsksForIt) {
  const std::string revoked = web().UrlOf("revoked", "f");
  EXPECT_EQ(FetchWith(0, revoked), kContent) << message();
  EXPECT_EQ(FetchWith(kSslCrlCheck, web().TlsUrl("f")), kRefused);
  EXPECT_THAT(message(), HasSubstr("network.crls"));
  options_.network.crls = {servers().tls.crl()};
  Restart();
  EXPECT_EQ(FetchWith(kSslCrlCheck, revoked), kRefused);
  EXPECT_THAT(message(), HasSubstr("revoked"));
  EXPECT_EQ(FetchWith(kSslCrlCheck, web().TlsUrl("f")), kContent) << message();
  EXPECT_EQ(FetchWith(kSslCrlCheck | kSslIgnoreUnknownCa, revoked), kRefused);
  options_.network.crls = {servers().tls.ca_file()};
  Restart();
  EXPECT_EQ(FetchWith(kSslCrlCheck, web().TlsUrl("f")), kRefused);
}

TEST_F(NetworkTlsTest, RedirectsAreFollowedRefusedOrLetOutOfTls) {
  const std::string plain = "localhost:" + std::to_string(web().web().port());
  EXPECT_EQ(FetchWith(0, web().Url("to-other/" + plain + "/f")), kContent) << message();
  EXPECT_EQ(FetchWith(kRedirectAllowReport, web().Url("to-other/" + plain + "/f")), kContent);
  EXPECT_EQ(FetchWith(kRedirectDisallow, web().Url("to-other/" + plain + "/f")),
            "BG_E_HTTP_ERROR_302");
  EXPECT_EQ(FetchWith(0, web().TlsUrl("to-other/" + plain + "/f")),
            "E_ACCESSDENIED/redirect_denied");
  EXPECT_EQ(FetchWith(kRedirectAllowHttpsToHttp, web().TlsUrl("to-other/" + plain + "/f")),
            kContent)
      << message();
}

TEST_F(NetworkTlsTest, CredentialsDoNotFollowARedirectOutOfTls) {
  const std::string plain = "localhost:" + std::to_string(web().web().port());
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  EXPECT_EQ(FetchWith(kRedirectAllowHttpsToHttp, web().TlsUrl("to-other/" + plain + "/basic/f")),
            "BG_E_HTTP_ERROR_401/credentials_for_another_host");
}

TEST_F(NetworkTlsTest, ALargeFileComesWholeOverHttp2) {
  const std::string content = web().web().PutRandom("large", 20'000'000);
  options_.max_backlog = 300'000;
  Restart();
  EXPECT_TRUE(Fetch(web().TlsUrl("large")) == content) << message();
}

TEST_F(NetworkTlsTest, AServerThatWantsACertificateFailsTheJobThatHasNone) {
  for (int i = 0; i < 20; ++i) {
    // Transient when the connection was gone before the server's reason could be read.
    EXPECT_THAT(Fetch(web().MutualUrl("f")),
                ::testing::StartsWith("ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED"))
        << message();
  }
}

}  // namespace
}  // namespace bitsd::tests
