// Cookies: kept for one file's chain of requests, and for the host that set them.

#include <gmock/gmock.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/policy/network_facts.h"
#include "server/transfer/http/cookie_jar.h"
#include "tests/integration/transfer/http/hostile_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class CookiesTest : public HostileTest {
 protected:
  /// A page that sets `cookies` and redirects to `target`.
  static std::string Page(const std::vector<std::string>& cookies, const std::string& target) {
    std::string answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n";
    for (const std::string& cookie : cookies)
      absl::StrAppend(&answer, "Set-Cookie: ", cookie, "\r\n");
    return Raw({absl::StrCat(answer, "Location: ", target, "\r\n\r\n")});
  }

  static std::string OnLocalhost(const std::string& path) {
    return absl::StrCat("http://localhost:", server().port(), path);
  }

  /// What came as Cookie with the requests for `path`, "" for none.
  static std::vector<std::string> Sent(const std::string& path) {
    std::vector<std::string> cookies;
    for (const auto& request : Requests(path))
      cookies.push_back(request["headers"].value("cookie", ""));
    return cookies;
  }

  void Downloads(const std::string& path) {
    const auto recorder = Run({File(path, "f")});
    ASSERT_TRUE(recorder->done()) << recorder->failure()->error.message;
  }
};

TEST_F(CookiesTest, ACookieIsSentAfterTheRedirectThatCameWithIt) {
  Downloads(Page({"gate=ok; Path=/", "lang=en"}, "/plain/10/gate"));
  EXPECT_THAT(Sent("/plain/10/gate"), Each(AllOf(HasSubstr("gate=ok"), HasSubstr("lang=en"))));
  EXPECT_THAT(Sent("/plain/10/gate"), SizeIs(1));
}

TEST_F(CookiesTest, EachHostGetsItsOwnAndNoOther) {
  const std::string away =
      OnLocalhost(Page({"theirs=2", "wide=4; Domain=127.0.0.1"}, server().Url("/plain/10/home")));
  Downloads(Page({"mine=1; Path=/", "wide=3; Path=/; Domain=localhost"}, away));
  EXPECT_THAT(Sent(away.substr(away.find("/raw"))), Each(""));
  EXPECT_THAT(Sent("/plain/10/home"), Each("mine=1"));
  EXPECT_THAT(Sent("/plain/10/home"), SizeIs(1));
}

TEST_F(CookiesTest, TheNextFileAndTheNextJobHaveNone) {
  const auto recorder =
      Run({File(Page({"gate=ok; Path=/"}, "/plain/10/first"), "a"), File("/plain/10/second", "b")});
  ASSERT_TRUE(recorder->done());
  Downloads("/plain/10/third");
  EXPECT_THAT(Sent("/plain/10/first"), Each("gate=ok"));
  EXPECT_THAT(Sent("/plain/10/second"), Each(""));
  EXPECT_THAT(Sent("/plain/10/third"), Each(""));
}

TEST_F(CookiesTest, PathAndExpiryAreHeeded) {
  const std::string second = Page({"old=; Max-Age=0; Path=/", "new=2; Path=/"}, "/plain/10/rules");
  Downloads(Page({"old=1; Path=/", "elsewhere=1; Path=/other", "here=1; Path=/plain"}, second));
  EXPECT_THAT(Sent(second), Each("old=1"));
  EXPECT_THAT(Sent("/plain/10/rules"), Each(AllOf(HasSubstr("new=2"), HasSubstr("here=1"),
                                                  Not(HasSubstr("old")), Not(HasSubstr("else")))));
}

TEST_F(CookiesTest, ACookieThatCameByTlsIsNotSentWithoutIt) {
  NetworkSettings settings;
  settings.security_flags = kRedirectAllowHttpsToHttp;
  network_.http.settings = std::make_shared<const NetworkSettings>(settings);
  Downloads(server().SecureUrl(Page({"session=1; Path=/"}, server().Url("/plain/10/clear"))));
  EXPECT_THAT(Sent("/plain/10/clear"), Each(""));
  Downloads(Page({"session=1; Path=/"}, server().SecureUrl("/plain/10/upgraded")));
  EXPECT_THAT(Sent("/plain/10/upgraded"), Each("session=1"));
}

TEST_F(CookiesTest, TheyAreBoundedInNumber) {
  Downloads("/bakery/6/plain/10/many");
  ASSERT_THAT(Sent("/plain/10/many"), SizeIs(1));
  const std::string sent = Sent("/plain/10/many")[0];
  EXPECT_EQ(std::count(sent.begin(), sent.end(), '='), long{CookieJar::kMaxCookies});
}

TEST_F(CookiesTest, OfAnAnswerThatSetsVeryManySomeAreKept) {
  for (const char* path : {"/plain/10/bakery=50", "/plain/10/bakery=200"}) {
    Downloads(absl::StrCat("/bakery/1", path));
    ASSERT_THAT(Sent(path), SizeIs(1));
    const std::string sent = Sent(path)[0];
    EXPECT_EQ(std::count(sent.begin(), sent.end(), '='), 50) << path;
  }
}

TEST_F(CookiesTest, ALoopSaysThatCookiesWereSet) {
  const auto failure = Fails(Page({"s=1"}, "/loop"), Hresult::kAccessDenied);
  EXPECT_EQ(failure.error.rule, "redirect_denied");
  EXPECT_THAT(failure.error.message, HasSubstr("cookies"));
  EXPECT_THAT(Fails("/loop", Hresult::kAccessDenied).error.message, Not(HasSubstr("cookie")));
}

TEST_F(CookiesTest, NoneIsInTheAuditLog) {
  Downloads(Page({"gate=verysecret; Path=/"}, "/plain/10/audited-cookie"));
  EXPECT_THAT(audit_.Lines("request_sent"), Not(IsEmpty()));
  EXPECT_THAT(audit_.Lines("request_sent"), Each(Not(HasSubstr("verysecret"))));
}

TEST_F(CookiesTest, NoneGoesToTheProxyThatMakesATunnel) {
  const std::string proxy = absl::StrCat("127.0.0.1:", server().port());
  NetworkSettings settings;
  settings.proxy_usage = ProxyUsage::kOverride;
  settings.proxy_list = "https=" + proxy;
  network_.http.settings = std::make_shared<const NetworkSettings>(settings);
  Downloads(server().SecureUrl(Page({"gate=ok; Path=/"}, "/plain/10/tunnelled")));
  EXPECT_THAT(Sent("/plain/10/tunnelled"), Each("gate=ok"));
  const auto connects = Sent(absl::StrCat("127.0.0.1:", server().secure_port()));
  EXPECT_THAT(connects, Not(IsEmpty()));
  EXPECT_THAT(connects, Each(""));
}

}  // namespace
}  // namespace bitsd::tests
