// What a loan covers, written out.

#include "server/policy/token_scope.h"

#include "gtest/gtest.h"
#include "server/policy/job_facts.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

TokenScopePtr ScopeOf(const std::vector<std::string>& roots, const std::vector<std::string>& hosts,
                      uint32_t flags = 0) {
  auto scope = ParseScope(roots, hosts, flags);
  EXPECT_TRUE(scope.ok()) << scope.status();
  return scope.ok() ? std::make_shared<const TokenScope>(*std::move(scope)) : nullptr;
}

std::string File(const std::vector<std::string>& roots, std::string_view path,
                 uint32_t flags = kTokenLocalFile) {
  return Verdict(CheckLoanedFile(LimitsOf(ScopeOf(roots, {}), flags), path));
}

std::string Host(const std::vector<std::string>& hosts, std::string_view url,
                 uint32_t flags = kTokenLocalFile) {
  return Verdict(CheckLoanedHost(LimitsOf(ScopeOf({}, hosts), flags), url));
}

TEST(TokenScopeTest, AFileIsInsideWhenItIsBelowARootComponentByComponent) {
  EXPECT_EQ(File({"/srv/in"}, "/srv/in/f"), "ok");
  EXPECT_EQ(File({"/srv/in"}, "/srv/in/a/b/f"), "ok");
  EXPECT_EQ(File({"/a", "/srv/in"}, "/srv/in/f"), "ok");
  EXPECT_EQ(File({"/"}, "/f"), "ok");
  EXPECT_EQ(File({"/"}, "/srv/in/f"), "ok");
  EXPECT_EQ(File({}, "/f"), "ok") << "an empty list limits nothing";
  for (const char* outside : {"/srv/in", "/srv/inx/f", "/srv/in.d/f", "/srv/f", "/srv/IN/f", "/f",
                              "/srv/i/n/f", "/x/srv/in/f"}) {
    EXPECT_EQ(File({"/srv/in"}, outside), "token_scope") << outside;
  }
}

TEST(TokenScopeTest, FoldersLimitOnlyWhatTheTokenOpens) {
  EXPECT_EQ(File({"/srv/in"}, "/etc/f", kTokenNetwork), "ok") << "the owner opens it";
  EXPECT_EQ(File({"/srv/in"}, "/etc/f", 0), "ok") << "the token is idle";
  EXPECT_EQ(File({"/srv/in"}, "/etc/f", kTokenLocalFile | kTokenNetwork), "token_scope");
}

TEST(TokenScopeTest, HostsLimitATransferInWhichTheTokenIsUsedForAnything) {
  for (const uint32_t flags : {kTokenLocalFile, kTokenNetwork, kTokenLocalFile | kTokenNetwork}) {
    EXPECT_EQ(Host({"a.example"}, "http://b.example/", flags), "token_scope") << flags;
    EXPECT_EQ(Host({"a.example"}, "http://a.example/", flags), "ok") << flags;
  }
  EXPECT_EQ(Host({"a.example"}, "http://b.example/", 0), "ok") << "the token is idle";
  EXPECT_EQ(Host({}, "http://b.example/"), "ok");
  EXPECT_EQ(Host({"a.example"}, "http://a.example/x#y#z"), "ok") << "a Location may have that";
}

TEST(TokenScopeTest, HostsAreComparedAsNamesAndAddressesByValue) {
  struct Row {
    const char* rule;
    const char* url;
    const char* verdict;
  };
  const Row table[] = {
      {"files.example", "http://files.example/f", "ok"},
      {"files.example", "https://FILES.Example:8443/f?q", "ok"},
      {"files.example", "http://files.example./f", "ok"},
      {"Files.Example.", "http://files.example/f", "ok"},
      {"files.example", "http://xfiles.example/f", "token_scope"},
      {"files.example", "http://files.example.org/f", "token_scope"},
      {"files.example", "http://a.files.example/f", "token_scope"},
      {"files.example", "http://example/files.example", "token_scope"},
      {"files.example:80", "http://files.example/f", "ok"},
      {"files.example:80", "https://files.example/f", "token_scope"},
      {"files.example:443", "https://files.example/f", "ok"},
      {"files.example:8080", "http://files.example:8080/f", "ok"},
      {"files.example:8080", "http://files.example:8081/f", "token_scope"},
      {"*.example", "http://files.example/f", "ok"},
      {"*.example", "http://a.b.example/f", "ok"},
      {"*.example", "http://example/f", "token_scope"},
      {"*.example", "http://badexample/f", "token_scope"},
      {"*.example:81", "http://a.example/f", "token_scope"},
      {"*.example:81", "http://a.example:81/f", "ok"},
      {"192.0.2.1", "http://192.0.2.1/f", "ok"},
      {"192.0.2.1", "http://0xC0000201/f", "ok"},
      {"192.0.2.1", "http://[::ffff:192.0.2.1]/f", "ok"},
      {"192.0.2.1", "http://192.0.2.2/f", "token_scope"},
      {"192.0.2.1", "http://files.example/f", "token_scope"},
      {"192.0.2.1:8080", "http://192.0.2.1:8080/f", "ok"},
      {"192.0.2.1:8080", "http://192.0.2.1/f", "token_scope"},
      {"[2001:db8::1]", "http://[2001:DB8:0::1]/f", "ok"},
      {"[2001:db8::1]", "http://[2001:db8::2]/f", "token_scope"},
      {"[2001:db8::1]:81", "http://[2001:db8::1]:81/f", "ok"},
      {"[2001:db8::1]:81", "http://[2001:db8::1]/f", "token_scope"},
      {"files.example", "http://192.0.2.1/f", "token_scope"},
      {"files.example", "http://files.example/f#part", "ok"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(Host({row.rule}, row.url), row.verdict) << row.rule << " " << row.url;
  }
  EXPECT_EQ(Host({"a.example", "b.example"}, "http://b.example/"), "ok");
}

TEST(TokenScopeTest, AHostThatIsNoneIsRefused) {
  for (const char* host : {"",
                           "*",
                           "*.",
                           "*.*.example",
                           "a*.example",
                           "http://a.example",
                           "a.example/",
                           "a.example/x",
                           "a.example?x",
                           "a.example#x",
                           "user@a.example",
                           "a.example:",
                           "a.example:0",
                           "a.example:65536",
                           "a.example:x",
                           "a b",
                           "a..b",
                           "-a.example",
                           "[::1",
                           "::1",
                           "[]",
                           "*.192.0.2.1",
                           "*.[::1]",
                           "999.1.1.1",
                           "a.example\n",
                           "\xC3\xA4.example"}) {
    EXPECT_EQ(Verdict(ParseScope({}, {host}, 0).status()), "E_INVALIDARG") << host;
  }
}

TEST(TokenScopeTest, ARootThatIsNoCanonicalPathIsRefused) {
  for (const char* root : {"", "srv", "/srv/", "//srv", "/srv/../etc", "/srv/.", "/a\nb"}) {
    EXPECT_EQ(Verdict(ParseScope({root}, {}, 0).status()), "E_INVALIDARG") << root;
  }
}

TEST(TokenScopeTest, ListsAreBounded) {
  const std::vector<std::string> most(64, "/srv");
  const std::vector<std::string> hosts(64, "a.example");
  EXPECT_TRUE(ParseScope(most, hosts, 0).ok());
  EXPECT_EQ(Verdict(ParseScope(std::vector<std::string>(65, "/srv"), {}, 0).status()),
            "E_INVALIDARG");
  EXPECT_EQ(Verdict(ParseScope({}, std::vector<std::string>(65, "a"), 0).status()), "E_INVALIDARG");
}

TEST(TokenScopeTest, EveryPairOfLentAndSetFlags) {
  for (uint32_t lent = 0; lent < 4; ++lent) {
    const TokenScopePtr scope = ScopeOf({}, {}, lent);
    for (uint32_t set = 0; set < 4; ++set) {
      const bool covered = lent == 0 || (set & lent) == set;
      EXPECT_EQ(Verdict(CheckScopeFlags(scope.get(), set)), covered ? "ok" : "token_scope")
          << lent << " " << set;
    }
  }
  EXPECT_EQ(Verdict(CheckScopeFlags(nullptr, 3)), "ok");
  EXPECT_EQ(Verdict(ParseScope({}, {}, 4).status()), "E_INVALIDARG");
}

TEST(TokenScopeTest, AHostIsJudgedHoweverLongARedirectIs) {
  const LoanLimits limits = LimitsOf(ScopeOf({}, {"a.example"}), 1);
  const std::string rest = "/?" + std::string(16'000, 'x');
  EXPECT_EQ(Verdict(CheckLoanedHost(limits, "http://a.example" + rest)), "ok");
  EXPECT_EQ(Verdict(CheckLoanedHost(limits, "http://b.example" + rest)), "token_scope");
}

TEST(TokenScopeTest, NoScopeLimitsNothing) {
  EXPECT_EQ(Verdict(CheckLoanedFile(LimitsOf(nullptr, 3), "/f")), "ok");
  EXPECT_EQ(Verdict(CheckLoanedHost(LimitsOf(nullptr, 3), "http://a.example/")), "ok");
}

TEST(TokenScopeTest, ScopesAreTheSameByWhatTheySay) {
  EXPECT_TRUE(SameScope(nullptr, nullptr));
  EXPECT_FALSE(SameScope(nullptr, ScopeOf({}, {}).get()));
  EXPECT_TRUE(SameScope(ScopeOf({"/a"}, {"b"}, 1).get(), ScopeOf({"/a"}, {"b"}, 1).get()));
  EXPECT_FALSE(SameScope(ScopeOf({"/a"}, {}).get(), ScopeOf({"/b"}, {}).get()));
  EXPECT_FALSE(SameScope(ScopeOf({}, {"a"}).get(), ScopeOf({}, {"b"}).get()));
  EXPECT_FALSE(SameScope(ScopeOf({}, {}, 1).get(), ScopeOf({}, {}, 2).get()));
}

}  // namespace
}  // namespace bitsd::policy
