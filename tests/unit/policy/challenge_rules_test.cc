// Who gets which answer: the table of docs/semantics.md, "Who answers a challenge", written out.

#include "server/policy/challenge_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/policy/http_flags.h"
#include "server/policy/remote_names.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

constexpr AuthTarget kServer = AuthTarget::kServer;
constexpr AuthTarget kProxy = AuthTarget::kProxy;
constexpr AuthScheme kAll[] = {AuthScheme::kBasic, AuthScheme::kDigest, AuthScheme::kNtlm,
                               AuthScheme::kNegotiate};
constexpr uint32_t kEveryScheme = SchemeBit(AuthScheme::kBasic) | SchemeBit(AuthScheme::kDigest) |
                                  SchemeBit(AuthScheme::kNtlm) | SchemeBit(AuthScheme::kNegotiate);

/// "explicit Basic", "implicit Negotiate", or the rule that leaves it without an answer.
std::string Answer(const Challenge& challenge) {
  const auto answer = AnswerTo(challenge);
  if (!answer.ok()) return Verdict(answer.status());
  const CredentialEntry& entry = challenge.credentials.at(answer->entry);
  EXPECT_EQ(entry.scheme, answer->scheme);
  EXPECT_EQ(entry.implicit, answer->implicit);
  EXPECT_NE(challenge.offered & SchemeBit(answer->scheme), 0u);
  return (answer->implicit ? "implicit " : "explicit ") + SchemeNames(SchemeBit(answer->scheme));
}

/// Everything that implicit credentials need.
Challenge Favourable(AuthTarget target, uint32_t offered, std::vector<CredentialEntry> entries) {
  Challenge challenge;
  challenge.target = target;
  challenge.offered = offered;
  challenge.credentials = std::move(entries);
  challenge.has_kerberos = true;
  challenge.has_ntlm = true;
  challenge.listed = true;
  return challenge;
}

TEST(ChallengeRules, WithoutCredentialsNothingIsAnswered) {
  for (const AuthTarget target : {kServer, kProxy}) {
    for (uint32_t offered = 0; offered < 64; ++offered) {
      EXPECT_EQ(Answer(Favourable(target, offered, {})), "credentials_missing");
    }
  }
}

TEST(ChallengeRules, AnEntryAnswersItsOwnTargetAndSchemeOnly) {
  for (const AuthScheme scheme : kAll) {
    if (scheme == AuthScheme::kNegotiate) continue;
    const std::vector<CredentialEntry> entries = {{kServer, scheme, false}};
    const std::string expected = "explicit " + SchemeNames(SchemeBit(scheme));
    EXPECT_EQ(Answer(Favourable(kServer, kEveryScheme, entries)), expected);
    EXPECT_EQ(Answer(Favourable(kServer, kEveryScheme & ~SchemeBit(scheme), entries)),
              "credentials_missing");
    EXPECT_EQ(Answer(Favourable(kProxy, kEveryScheme, entries)), "credentials_missing");
  }
}

TEST(ChallengeRules, TheStrongestSchemeOfferedIsTaken) {
  std::vector<CredentialEntry> entries = {{kServer, AuthScheme::kBasic, false},
                                          {kServer, AuthScheme::kDigest, false},
                                          {kServer, AuthScheme::kNtlm, false},
                                          {kServer, AuthScheme::kNegotiate, true}};
  struct Row {
    uint32_t offered;
    const char* answer;
  };
  const Row rows[] = {
      {kEveryScheme, "implicit Negotiate"},
      {kEveryScheme & ~SchemeBit(AuthScheme::kNegotiate), "explicit NTLM"},
      {SchemeBit(AuthScheme::kBasic) | SchemeBit(AuthScheme::kDigest), "explicit Digest"},
      {SchemeBit(AuthScheme::kBasic), "explicit Basic"}};
  for (const Row& row : rows) {
    EXPECT_EQ(Answer(Favourable(kServer, row.offered, entries)), row.answer);
    std::reverse(entries.begin(), entries.end());
    EXPECT_EQ(Answer(Favourable(kServer, row.offered, entries)), row.answer);
  }
}

TEST(ChallengeRules, WhatMayNotBeAnsweredLeavesTheWeakerOnes) {
  Challenge challenge =
      Favourable(kServer, kEveryScheme,
                 {{kServer, AuthScheme::kNegotiate, true}, {kServer, AuthScheme::kBasic, false}});
  challenge.listed = false;
  EXPECT_EQ(Answer(challenge), "explicit Basic");
  challenge.offered = SchemeBit(AuthScheme::kNegotiate);
  EXPECT_EQ(Answer(challenge), "implicit_not_listed");
}

/// Every combination of the facts, beside the rules in words.
TEST(ChallengeRules, ImplicitCredentialsGoOnlyWhereEveryFactAllowsIt) {
  for (const AuthTarget target : {kServer, kProxy}) {
    for (const AuthScheme scheme : kAll) {
      for (int facts = 0; facts < 64; ++facts) {
        Challenge challenge = Favourable(target, kEveryScheme, {{target, scheme, true}});
        challenge.has_kerberos = (facts & 1) != 0;
        challenge.has_ntlm = (facts & 2) != 0;
        challenge.own_host = (facts & 4) != 0;
        challenge.listed = (facts & 8) != 0;
        challenge.weakened_tls = (facts & 16) != 0;
        challenge.through_unlisted_proxy = (facts & 32) != 0;
        const bool kerberos = scheme == AuthScheme::kNegotiate;
        const bool known = kerberos || scheme == AuthScheme::kNtlm;
        const bool has = kerberos ? challenge.has_kerberos : challenge.has_ntlm;
        const bool own = challenge.own_host || target == kProxy;
        std::string expected = "implicit " + SchemeNames(SchemeBit(scheme));
        if (!has) expected = "identity_has_no_credentials";
        if (challenge.through_unlisted_proxy) expected = "implicit_not_listed";
        if (challenge.weakened_tls) expected = "implicit_weakened_tls";
        if (!challenge.listed) expected = "implicit_not_listed";
        if (!known) expected = "credentials_missing";
        if (!own) expected = "credentials_for_another_host";
        EXPECT_EQ(Answer(challenge), expected) << static_cast<int>(scheme) << " " << facts;
      }
    }
  }
}

TEST(ChallengeRules, ExplicitCredentialsNeedNothingButTheirOwnHost) {
  for (const AuthScheme scheme : kAll) {
    for (int facts = 0; facts < 64; ++facts) {
      for (const AuthTarget target : {kServer, kProxy}) {
        Challenge challenge = Favourable(target, kEveryScheme, {{target, scheme, false}});
        challenge.has_kerberos = (facts & 1) != 0;
        challenge.has_ntlm = (facts & 2) != 0;
        challenge.own_host = (facts & 4) != 0;
        challenge.listed = (facts & 8) != 0;
        challenge.weakened_tls = (facts & 16) != 0;
        challenge.through_unlisted_proxy = (facts & 32) != 0;
        std::string expected = "explicit " + SchemeNames(SchemeBit(scheme));
        // It would take an exchange with a KDC in the name of the password.
        if (scheme == AuthScheme::kNegotiate) expected = "credentials_missing";
        if (target == kServer && !challenge.own_host) expected = "credentials_for_another_host";
        EXPECT_EQ(Answer(challenge), expected) << static_cast<int>(scheme) << " " << facts;
      }
    }
  }
}

TEST(ChallengeRules, ImplicitCredentialsForProxiesServeServersTooUnlessThereAreExplicitOnes) {
  for (const AuthScheme scheme : {AuthScheme::kNtlm, AuthScheme::kNegotiate}) {
    const std::string implicit = "implicit " + SchemeNames(SchemeBit(scheme));
    const CredentialEntry proxy{kProxy, scheme, true};
    EXPECT_EQ(Answer(Favourable(kServer, kEveryScheme, {proxy})), implicit);
    for (const AuthScheme other : kAll) {
      EXPECT_EQ(Answer(Favourable(kServer, SchemeBit(scheme), {proxy, {kServer, other, false}}))
                    .substr(0, 8),
                scheme == other && other != AuthScheme::kNegotiate ? "explicit" : "credenti");
    }
    // Implicit ones for the server change nothing, nor do explicit ones for the proxy.
    EXPECT_EQ(
        Answer(Favourable(kServer, SchemeBit(scheme), {proxy, {kServer, AuthScheme::kNtlm, true}})),
        implicit);
    EXPECT_EQ(Answer(Favourable(kServer, SchemeBit(scheme),
                                {proxy, {kProxy, AuthScheme::kBasic, false}})),
              implicit);
  }
  EXPECT_EQ(Answer(Favourable(kServer, kEveryScheme, {{kProxy, AuthScheme::kBasic, false}})),
            "credentials_missing");
  EXPECT_EQ(Answer(Favourable(kProxy, kEveryScheme, {{kServer, AuthScheme::kNtlm, true}})),
            "credentials_missing");
}

TEST(ChallengeRules, NothingServesInThePlaceOfACredentialThatIsLost) {
  for (const AuthScheme scheme : kAll) {
    const CredentialEntry lost{kServer, scheme, false, true};
    const CredentialEntry proxy{kProxy, AuthScheme::kNegotiate, true, false};
    EXPECT_EQ(Answer(Favourable(kServer, kEveryScheme, {lost})), "credentials_missing");
    EXPECT_EQ(Answer(Favourable(kServer, kEveryScheme, {proxy, lost})), "credentials_missing");
    EXPECT_EQ(Answer(Favourable(kProxy, kEveryScheme, {proxy, lost})),
              Answer(Favourable(kProxy, kEveryScheme, {proxy})));
  }
}

TEST(ChallengeRules, PassportIsNeverAnswered) {
  for (const bool implicit : {false, true}) {
    EXPECT_EQ(Answer(Favourable(kServer, ~0u, {{kServer, AuthScheme::kPassport, implicit}})),
              "credentials_missing");
  }
}

TEST(ChallengeRules, OwnHostIsSameHostPortAndScheme) {
  const auto own = [](const char* a, const char* b) {
    return IsOwnHost(*ParseUrl(a), *ParseUrl(b));
  };
  EXPECT_TRUE(own("http://Host/a", "http://host./b"));
  EXPECT_TRUE(own("http://host/", "http://host:80/"));
  EXPECT_TRUE(own("http://host/", "https://host/"));
  EXPECT_FALSE(own("https://host/", "http://host/"));
  EXPECT_FALSE(own("https://host:8443/", "http://host:8443/"));
  EXPECT_FALSE(own("http://host/", "https://host:8443/"));
  EXPECT_FALSE(own("http://host:8080/", "https://host/"));
  EXPECT_FALSE(own("http://host/", "http://host:81/"));
  EXPECT_FALSE(own("http://host/", "http://a.host/"));
  EXPECT_FALSE(own("http://10.0.0.1/", "http://10.0.0.2/"));
}

TEST(HttpFlags, EveryIgnoredCheckWeakensTlsAndNothingElseDoes) {
  for (uint32_t flags = 0; flags < 0x1000; ++flags) {
    EXPECT_EQ(WeakensTls(flags), (flags & 0x1E) != 0);
    const uint32_t policy = flags & 0x700;
    EXPECT_EQ(FollowsRedirects(flags), policy == 0 || policy == 0x100);
    EXPECT_EQ(AllowsHttpsToHttp(flags), (flags & 0x800) != 0);
  }
}

TEST(HttpFlags, ARedirectFromHttpsToHttpNeedsItsFlag) {
  const RemoteRules rules;
  EXPECT_EQ(Verdict(CheckRedirect("https://a/", "http://a/", 1, rules)), "redirect_denied");
  EXPECT_EQ(Verdict(CheckRedirect("https://a/", "http://a/", 1, rules, true)), "ok");
  EXPECT_EQ(Verdict(CheckRedirect("https://a/", "http://a/", 11, rules, true)), "redirect_denied");
  EXPECT_EQ(Verdict(CheckRedirect("https://a/", "http://[::1]/", 1, rules, true)),
            "address_denied");
}

}  // namespace
}  // namespace bitsd::policy
