#include <string>

#include "gtest/gtest.h"
#include "server/policy/remote_names.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

std::string Check(const std::string& url) { return Verdict(CheckRemoteName(url, {})); }

std::string OfLength(size_t length) {
  const std::string start = "http://example.com/";
  return start + std::string(length - start.size(), 'x');
}

TEST(UrlTest, AbsoluteHttpAndHttpsUrlsAreTaken) {
  for (const std::string& url :
       {std::string("http://example.com"),
        std::string("https://example.com/"),
        std::string("HTTP://EXAMPLE.com/a?b=c&d=%20"),
        std::string("https://example.com?x"),
        std::string("http://example.com:1/"),
        std::string("http://example.com:65535/"),
        std::string("http://example.com./a"),
        std::string("http://a_b.example/x|y{z}"),
        std::string("http://a.example/~alice"),
        std::string("http://xn--bcher-kva.example/@b:c"),
        std::string("http://r3---sn-1.example"),
        std::string("http://localhost/"),  // A name: judged by the address connected to.
        std::string("http://a.localhost:8080/"),
        std::string("http://10.0.0.1/"),
        std::string("http://0x7f.example/"),
        std::string("http://127.0.0.1.example/"),
        std::string("http://[2001:db8::1]/"),
        std::string("http://[2001:db8::1]:8080?x"),
        std::string("http://example.com/?u=http://127.0.0.1/"),
        OfLength(2200),
        "http://" + std::string(63, 'a') + "." + std::string(63, 'b') + "/"}) {
    EXPECT_EQ(Check(url), "ok") << url;
  }
}

TEST(UrlTest, TheHostIsFoundWhereTheHttpLibraryFindsIt) {
  const absl::StatusOr<Url> url = ParseUrl("HTTPS://Example.COM:8443/a:b@c");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, Scheme::kHttps);
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_FALSE(url->literal);
}

TEST(UrlTest, APortThatIsNotWrittenIsThatOfTheScheme) {
  EXPECT_EQ(ParseUrl("http://example.com")->port, 80);
  EXPECT_EQ(ParseUrl("https://[2001:db8::1]")->port, 443);
}

TEST(UrlTest, EveryOtherUrlIsRefused) {
  for (const std::string& url :
       {// Schemes.
        std::string(""), std::string("/a"), std::string("example.com/a"), std::string("//e.com/a"),
        std::string("ftp://example.com/"), std::string("file:///etc/passwd"),
        std::string("gopher://example.com/"), std::string("smb://example.com/a"),
        std::string("httpx://example.com/"), std::string("://example.com/"),
        std::string("http:example.com"), std::string("http:/example.com"),
        std::string("http//example.com"), std::string("http;://example.com"),
        std::string("view-source:http://example.com"),
        // Authorities.
        std::string("http://"), std::string("http:///a"), std::string("http://?a"),
        std::string("http://:80/"), std::string("http://user@example.com/"),
        std::string("http://user:password@example.com/"), std::string("http://@example.com/"),
        std::string("http://example.com@127.0.0.1/"), std::string("http://a@b@example.com/"),
        // Ports.
        std::string("http://example.com:/"), std::string("http://example.com:0/"),
        std::string("http://example.com:65536/"), std::string("http://example.com:4294967376/"),
        std::string("http://example.com:080/"), std::string("http://example.com:80:80/"),
        std::string("http://example.com:+80/"), std::string("http://example.com:-1/"),
        std::string("http://example.com:8o/"), std::string("http://[2001:db8::1]80/"),
        // Hosts.
        std::string("http://./"), std::string("http://../"), std::string("http://a..b/"),
        std::string("http://.example.com/"), std::string("http://example.com../"),
        std::string("http://-a.example/"), std::string("http://a-.example/"),
        std::string("http://exa%6dple.com/"), std::string("http://%31%32%37.0.0.1/"),
        std::string("http://a,b/"), std::string("http://a;b/"), std::string("http://a*b/"),
        std::string("http://" + std::string(64, 'a') + ".example/"),
        std::string("http://" + std::string(60, 'a') + "." + std::string(60, 'a') + "." +
                    std::string(60, 'a') + "." + std::string(60, 'a') + "." + std::string(60, 'a') +
                    "/"),
        // Addresses that are none.
        std::string("http://256.0.0.1/"), std::string("http://1.2.3.4.5/"),
        std::string("http://1.2.3.256/"), std::string("http://4294967296/"),
        std::string("http://99999999999999999999/"), std::string("http://09.0.0.1/"),
        std::string("http://0x/"), std::string("http://0x7f000000001/"),
        std::string("http://example.0x1/"), std::string("http://example.7/"),
        std::string("http://1.16777216/"), std::string("http://[]/"), std::string("http://[::1/"),
        std::string("http://::1/"), std::string("http://[::1]]/"), std::string("http://[[::1]]/"),
        std::string("http://[127.0.0.1]/"), std::string("http://[v1.x]/"),
        std::string("http://[fe80::1%25eth0]/"), std::string("http://[fe80::1%eth0]/"),
        std::string("http://[::ffff:127.0.0.1.]/"), std::string("http://[::1].example/"),
        // Characters.
        std::string("http://example.com/a b"), std::string(" http://example.com/"),
        std::string("http://example.com/\n"), std::string("http://exa\tmple.com/"),
        std::string("http://example.com/\r\nHost: evil"), std::string("http://example.com/\x7F"),
        std::string("http://example.com/\0x", 21), std::string("http://example.com\0.evil/", 25),
        std::string("http://b\xC3\xBC"
                    "cher.example/"),
        std::string("http://example.com/\xFF"), std::string("http://\xE2\x91\xA0.0.0.1/"),
        std::string("http://127\xE3\x80\x82"
                    "0.0.1/"),
        std::string("http:\\\\example.com\\"), std::string("http://example.com\\@127.0.0.1/"),
        std::string("http://example.com/a\\b"), std::string("http://example.com/#a"),
        std::string("http://example.com#@127.0.0.1/"), OfLength(2201)}) {
    EXPECT_EQ(Check(url), "url_denied") << testing::PrintToString(url);
    EXPECT_EQ(DetailOf(CheckRemoteName(url, {})).hresult, Hresult::kInvalidArgument);
  }
}

TEST(UrlTest, ADeniedAddressIsDeniedInEverySpelling) {
  for (const std::string host : {"127.0.0.1",
                                 "127.0.0.1.",
                                 "127.1",
                                 "127.0.1",
                                 "127.000.000.001",
                                 "2130706433",
                                 "2130706433.",
                                 "0177.0.0.1",
                                 "0177.0.0.01",
                                 "0177.1",
                                 "017700000001",
                                 "0x7f.1",
                                 "0X7F.1",
                                 "0x7F000001",
                                 "0x7f.0x0.0x0.0x1",
                                 "0x7f.0.0.1",
                                 "127.0x1",
                                 "0x7f.01",
                                 "0",
                                 "0.0.0.0",
                                 "0x0",
                                 "00",
                                 "0.0",
                                 "169.254.169.254",
                                 "0xa9fea9fe",
                                 "2852039166",
                                 "0251.0376.0251.0376",
                                 "169.254.43518",
                                 "169.16689662",
                                 "100.100.100.200",
                                 "0x646464c8",
                                 "255.255.255.255",
                                 "4294967295",
                                 "0xffffffff",
                                 "224.1",
                                 "240.1",
                                 "[::]",
                                 "[::1]",
                                 "[0:0:0:0:0:0:0:1]",
                                 "[::0001]",
                                 "[::127.0.0.1]",
                                 "[::7f00:1]",
                                 "[::ffff:127.0.0.1]",
                                 "[::FFFF:7F00:1]",
                                 "[0:0:0:0:0:ffff:7f00:1]",
                                 "[::ffff:0:127.0.0.1]",
                                 "[64:ff9b::127.0.0.1]",
                                 "[64:ff9b::a9fe:a9fe]",
                                 "[64:ff9b:1::7f00:1]",
                                 "[2002:7f00:1::]",
                                 "[2002:a9fe:a9fe::1]",
                                 "[fe80::1]",
                                 "[FE80::1]",
                                 "[ff02::1]",
                                 "[fd00:ec2::254]",
                                 "[FD00:0EC2::0254]"}) {
    for (const std::string start : {"http://", "https://", "HtTp://"}) {
      for (const std::string end : {"", "/", ":8080", ":8080/a", "?a", "/@example.com"}) {
        std::string url = start;
        url.append(host).append(end);
        EXPECT_EQ(Check(url), "address_denied") << url;
      }
    }
  }
}

TEST(UrlTest, CredentialsAreNamedAsTheReasonAndNotRepeated) {
  const absl::Status status = CheckRemoteName("http://user:secret@example.com/", {});
  const std::string message(status.message().data(), status.message().size());
  EXPECT_NE(message.find("credentials"), std::string::npos);
  EXPECT_EQ(message.find("secret"), std::string::npos);
}

TEST(UrlTest, AnAllowedEndpointIsReachedInEverySpelling) {
  const RemoteRules rules{{*ParseEndpoint("127.0.0.1:8080")}, {}};
  EXPECT_EQ(Verdict(CheckRemoteName("http://127.0.0.1:8080/", rules)), "ok");
  EXPECT_EQ(Verdict(CheckRemoteName("http://0x7f.1:8080/", rules)), "ok");
  EXPECT_EQ(Verdict(CheckRemoteName("http://127.0.0.1/", rules)), "address_denied");
  EXPECT_EQ(Verdict(CheckRemoteName("https://127.0.0.1:8081/", rules)), "address_denied");
}

TEST(UrlTest, AnOwnListenerIsDeniedInEverySpelling) {
  const RemoteRules rules{{*ParseEndpoint("127.0.0.1")}, {*ParseEndpoint("127.0.0.1:7443")}};
  for (const char* host : {"127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"}) {
    EXPECT_EQ(Verdict(CheckRemoteName("https://" + std::string(host) + ":7443/", rules)),
              "address_denied");
  }
}

TEST(UrlTest, TheMessageNamesTheCaseAndSaysWhatToWrite) {
  const struct {
    const char* url;
    const char* word;
  } rows[] = {{"http://m\xC3\xBCnchen.example/f", "xn--"},
              {"http://b.example/f\xC3\xBC", "percent-encode"},
              {"http://b.example:80/f\xC3\xBC", "percent-encode"},
              {"m\xC3\xBCnchen.example/f", "xn--"},
              {"http://b.example/f ", "ends with a blank"},
              {"http://b.example/f\n", "ends with a blank"},
              {"http://b.example/f\r\n", "ends with a blank"},
              {" http://b.example/f", "begins with a blank"},
              {"http://b.example/a b", "%20"},
              {"http://b.example/a\tb", "control character"},
              {"http://b.example\\f", "backslash"},
              {"http://b.example/f#top", "fragment"},
              {"http://user:password@b.example/f", "credentials"},
              {"ftp://b.example/f", "https://"},
              {"www.b.example/f", "https://"},
              {"", "empty"},
              {"http://b..example/", "host"},
              {"http://b.example:0/", "port"},
              {"http://1.2.3.4.5/", "IPv4"},
              {"http://[1]/", "IPv6"},
              {"http://[::1/", "[ has no ]"}};
  for (const auto& row : rows) {
    const absl::Status status = CheckRemoteName(row.url, {});
    const std::string message(status.message().data(), status.message().size());
    EXPECT_NE(message.find(row.word), std::string::npos) << row.url << ": " << message;
  }
}

std::string Redirect(const std::string& from, const std::string& to, int count = 1) {
  return Verdict(CheckRedirect(from, to, count, {}));
}

TEST(RedirectTest, RedirectsKeepOrRaiseTheScheme) {
  EXPECT_EQ(Redirect("http://a.example/", "http://b.example/"), "ok");
  EXPECT_EQ(Redirect("http://a.example/", "https://b.example/"), "ok");
  EXPECT_EQ(Redirect("https://a.example/", "HTTPS://b.example/"), "ok");
  EXPECT_EQ(Redirect("https://a.example/", "http://a.example/"), "redirect_denied");
  EXPECT_EQ(Redirect("HTTPS://a.example/", "HTTP://a.example/"), "redirect_denied");
}

TEST(RedirectTest, TenRedirectsAreFollowed) {
  EXPECT_EQ(Redirect("http://a.example/", "http://b.example/", 10), "ok");
  EXPECT_EQ(Redirect("http://a.example/", "http://b.example/", 11), "redirect_denied");
}

TEST(RedirectTest, ATargetMayBeLongerThanARemoteName) {
  const std::string start = "http://b.example/";
  const std::string longest = start + std::string(kMaxRedirectTarget - start.size(), 'x');
  EXPECT_EQ(Redirect("http://a.example/", longest), "ok");
  EXPECT_EQ(Redirect(longest, "http://a.example/"), "ok");
  EXPECT_EQ(Redirect("http://a.example/", longest + "x"), "redirect_denied");
  EXPECT_EQ(Check(longest), "url_denied");
}

TEST(RedirectTest, AFragmentIsIgnored) {
  EXPECT_EQ(Redirect("http://a.example/#x", "http://b.example/#y"), "ok");
  EXPECT_EQ(Redirect("http://a.example/", "http://127.0.0.1#@b.example/"), "address_denied");
}

TEST(RedirectTest, ADeniedAddressIsDeniedBehindARedirect) {
  for (const char* to : {"http://127.0.0.1/", "http://2130706433/", "http://[::1]/",
                         "https://169.254.169.254/latest/meta-data"}) {
    EXPECT_EQ(Redirect("http://a.example/", to), "address_denied") << to;
  }
}

TEST(RedirectTest, AUrlThatIsNotTakenIsDenied) {
  for (const char* to : {"", "ftp://b.example/", "file:///etc/passwd", "http://u:p@b.example/",
                         "/relative", "http://b.example/a b"}) {
    EXPECT_EQ(Redirect("http://a.example/", to), "redirect_denied") << to;
    EXPECT_EQ(Redirect(to, "http://a.example/"), "redirect_denied") << to;
  }
}

}  // namespace
}  // namespace bitsd::policy
