// What SetCredentials, SetClientCertificate and UpdateJob take of the network side.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/policy/connection_settings.h"
#include "server/policy/credential_rules.h"
#include "server/policy/network_side.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

constexpr AuthTarget kTargets[] = {AuthTarget::kServer, AuthTarget::kProxy};

struct SchemeRow {
  AuthScheme scheme;
  const char* with_neither;  ///< Of user and password: implicit.
  const char* with_both;
};

// PASSPORT is refused before anything else is looked at.
constexpr SchemeRow kSchemes[] = {
    {AuthScheme::kBasic, "E_INVALIDARG", "ok"},
    {AuthScheme::kDigest, "E_INVALIDARG", "ok"},
    {AuthScheme::kNtlm, "ok", "ok"},
    {AuthScheme::kNegotiate, "ok", "E_NOTIMPL"},
    {AuthScheme::kPassport, "E_NOTIMPL", "E_NOTIMPL"},
};

std::string Check(AuthTarget target, AuthScheme scheme, const std::string& user,
                  const std::string& password) {
  return Verdict(CheckCredential(target, scheme, user, password));
}

std::string Basic(const std::string& user, const std::string& password) {
  return Check(AuthTarget::kServer, AuthScheme::kBasic, user, password);
}

TEST(CredentialRulesTest, EveryTargetAndSchemeIsAsTheTableSays) {
  for (const AuthTarget target : kTargets) {
    for (const SchemeRow& row : kSchemes) {
      SCOPED_TRACE(static_cast<int>(row.scheme));
      EXPECT_EQ(Check(target, row.scheme, "", ""), row.with_neither);
      EXPECT_EQ(Check(target, row.scheme, "user", "password"), row.with_both);
    }
  }
}

TEST(CredentialRulesTest, WhatIsNoTargetOrSchemeIsNamed) {
  for (const int target : {-1, 0, 3, 1 << 30}) {
    for (const SchemeRow& row : kSchemes) {
      EXPECT_EQ(Check(static_cast<AuthTarget>(target), row.scheme, "u", "p"),
                "BG_E_INVALID_AUTH_TARGET");
    }
  }
  for (const int scheme : {-1, 0, 6, 1 << 30}) {
    EXPECT_EQ(Check(AuthTarget::kProxy, static_cast<AuthScheme>(scheme), "u", "p"),
              "BG_E_INVALID_AUTH_SCHEME");
    EXPECT_EQ(Verdict(CheckCredentialKind(AuthTarget::kProxy, static_cast<AuthScheme>(scheme))),
              "BG_E_INVALID_AUTH_SCHEME");
  }
  EXPECT_EQ(Verdict(CheckCredentialKind(AuthTarget::kProxy, AuthScheme::kPassport)), "ok");
}

TEST(CredentialRulesTest, LengthsAreCountedInCharacters) {
  EXPECT_EQ(Basic(std::string(300, 'u'), "p"), "ok");
  EXPECT_EQ(Basic(std::string(301, 'u'), "p"), "BG_E_USERNAME_TOO_LARGE");
  EXPECT_EQ(Basic("u", std::string(65535, 'p')), "ok");
  EXPECT_EQ(Basic("u", std::string(65536, 'p')), "BG_E_PASSWORD_TOO_LARGE");
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "\xC3\xBC";
  EXPECT_EQ(Basic(umlauts, "p"), "ok");
  EXPECT_EQ(Basic(umlauts + "u", "p"), "BG_E_USERNAME_TOO_LARGE");
  EXPECT_EQ(Basic(std::string(1 << 20, '\xff'), "p"), "BG_E_USERNAME_TOO_LARGE");
}

TEST(CredentialRulesTest, WhatWouldEndAHeaderOrBeCutOffIsNoText) {
  for (const std::string& bad : {std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3),
                                 std::string("a\x7f"), std::string("\xC3")}) {
    EXPECT_EQ(Basic(bad, "p"), "E_INVALIDARG");
    EXPECT_EQ(Basic("u", bad), "E_INVALIDARG");
  }
  EXPECT_EQ(Basic("u", "with a space: and a colon"), "ok");
}

TEST(CredentialRulesTest, AUserWithoutAPasswordIsExplicitAndAPasswordNeedsAUser) {
  EXPECT_EQ(Basic("u", ""), "ok");
  for (const SchemeRow& row : kSchemes) {
    if (row.scheme == AuthScheme::kPassport || row.scheme == AuthScheme::kNegotiate) continue;
    EXPECT_EQ(Check(AuthTarget::kServer, row.scheme, "", "p"), "E_INVALIDARG");
  }
  EXPECT_EQ(Check(AuthTarget::kServer, AuthScheme::kNegotiate, "u", ""), "E_NOTIMPL");
}

TEST(CredentialRulesTest, AColonInAUserNameIsForEverySchemeButBasic) {
  EXPECT_EQ(Basic("a:b", "p"), "E_INVALIDARG");
  EXPECT_EQ(Check(AuthTarget::kServer, AuthScheme::kDigest, "a:b", "p"), "ok");
  EXPECT_EQ(Check(AuthTarget::kServer, AuthScheme::kNtlm, "a:b", "p"), "ok");
}

TEST(CredentialRulesTest, OnlyTheOwnerSetsAndSees) {
  EXPECT_EQ(Verdict(MaySetCredentials(kFetcher, kFetcher)), "ok");
  EXPECT_TRUE(MaySeeClientCertificate(kFetcher, kFetcher));
  for (const Sid& other : {kAlice, kRoot, kLocalSystemSid}) {
    EXPECT_EQ(Verdict(MaySetCredentials(other, kFetcher)), "owner_only");
    EXPECT_FALSE(MaySeeClientCertificate(other, kFetcher));
  }
}

TEST(CredentialRulesTest, WithSecretsOfTheOwnersOnlySheSteersTheJob) {
  for (const Sid& other : {kAlice, kRoot, kLocalSystemSid}) {
    EXPECT_EQ(Verdict(MaySteer(other, kFetcher, true)), "owner_only");
    EXPECT_EQ(Verdict(MaySteer(other, kFetcher, false)), "ok");
  }
  EXPECT_EQ(Verdict(MaySteer(kFetcher, kFetcher, true)), "ok");
}

TEST(CredentialRulesTest, FilesOfACertificateAreLocalNames) {
  EXPECT_EQ(Verdict(CheckClientCertificate("/a/b.pem", "/a/b.key")), "ok");
  for (const std::string bad : {"", "b.pem", "/a/../b.pem", "/a//b.pem", "/a/", "/a/\n"}) {
    EXPECT_EQ(Verdict(CheckClientCertificate(bad, "/a/b.key")), "E_INVALIDARG") << bad;
    EXPECT_EQ(Verdict(CheckClientCertificate("/a/b.pem", bad)), "E_INVALIDARG") << bad;
  }
}

std::string Proxy(ProxyUsage usage, const std::string& list, const std::string& bypass) {
  return Verdict(CheckProxySettings(usage, list, bypass));
}

struct ProxyRow {
  ProxyUsage usage;
  const char* alone;
  const char* with_list;
  const char* with_bypass;
  const char* with_both;
};

constexpr ProxyRow kProxies[] = {
    {ProxyUsage::kPreconfig, "ok", "E_INVALIDARG", "E_INVALIDARG", "E_INVALIDARG"},
    {ProxyUsage::kNoProxy, "ok", "E_INVALIDARG", "E_INVALIDARG", "E_INVALIDARG"},
    {ProxyUsage::kOverride, "E_INVALIDARG", "ok", "E_INVALIDARG", "ok"},
    {ProxyUsage::kAutodetect, "E_NOTIMPL", "E_NOTIMPL", "E_NOTIMPL", "E_NOTIMPL"},
    {static_cast<ProxyUsage>(-1), "E_NOTIMPL", "E_NOTIMPL", "E_NOTIMPL", "E_NOTIMPL"},
    {static_cast<ProxyUsage>(4), "E_NOTIMPL", "E_NOTIMPL", "E_NOTIMPL", "E_NOTIMPL"},
};

TEST(ConnectionSettingsTest, EveryProxyUsageTakesWhatTheTableSays) {
  for (const ProxyRow& row : kProxies) {
    SCOPED_TRACE(static_cast<int>(row.usage));
    EXPECT_EQ(Proxy(row.usage, "", ""), row.alone);
    EXPECT_EQ(Proxy(row.usage, "proxy.example:3128", ""), row.with_list);
    EXPECT_EQ(Proxy(row.usage, "", "*.example"), row.with_bypass);
    EXPECT_EQ(Proxy(row.usage, "proxy.example:3128", "*.example;<local>"), row.with_both);
  }
}

TEST(ConnectionSettingsTest, ListsHaveALimitAndOneLine) {
  const auto with = [](const std::string& list, const std::string& bypass) {
    return Proxy(ProxyUsage::kOverride, list, bypass);
  };
  EXPECT_EQ(with(std::string(4000, 'p'), std::string(4000, 'b')), "ok");
  EXPECT_EQ(with(std::string(4001, 'p'), ""), "BG_E_PROXY_LIST_TOO_LARGE");
  EXPECT_EQ(with("p", std::string(4001, 'b')), "BG_E_PROXY_BYPASS_LIST_TOO_LARGE");
  EXPECT_EQ(with(" ; ", ""), "E_INVALIDARG");
  EXPECT_EQ(with("p\nq", ""), "E_INVALIDARG");
  EXPECT_EQ(with("p", "b\xC3\xBC"), "E_INVALIDARG");
  EXPECT_EQ(with("p\x7F", ""), "E_INVALIDARG");
  EXPECT_EQ(with("p", "b\x7F"), "E_INVALIDARG");
  EXPECT_EQ(with("p", "b~"), "ok");
}

TEST(ConnectionSettingsTest, EveryBitAndEveryRedirectPolicyIsKnownOrRefused) {
  constexpr uint32_t kKnown = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x800;
  for (int bit = 0; bit < 32; ++bit) {
    const uint32_t flag = uint32_t{1} << bit;
    const bool known = (flag & kKnown) != 0 || flag == 0x100 || flag == 0x200;
    EXPECT_EQ(Verdict(CheckSecurityFlags(flag)), known ? "ok" : "E_NOTIMPL") << flag;
  }
  for (const uint32_t policy : {0x300u, 0x500u, 0x600u, 0x700u}) {
    EXPECT_EQ(Verdict(CheckSecurityFlags(policy)), "E_NOTIMPL") << policy;
  }
  EXPECT_EQ(Verdict(CheckSecurityFlags(kKnown | 0x200)), "ok");
  EXPECT_EQ(Verdict(CheckSecurityFlags(0)), "ok");
}

TEST(NetworkSideTest, CredentialsAreDelegatedAtLevelDelegateAlone) {
  for (const auto level : {ImpersonationLevel::kAnonymous, ImpersonationLevel::kIdentify,
                           ImpersonationLevel::kImpersonate, ImpersonationLevel::kDelegate}) {
    AccessToken lender = TokenOf(kAlice);
    lender.network.delegated = {{"alice@EXAMPLE.COM", false}};
    lender.level = level;
    const bool may = level == ImpersonationLevel::kDelegate;
    EXPECT_EQ(Verdict(MayDelegate(lender, 100)), may ? "ok" : "E_INVALIDARG");
    EXPECT_EQ(Verdict(MayDelegate(lender, 0)), "E_INVALIDARG");
    EXPECT_EQ(Verdict(MayDelegate(lender, kMaxDelegated)), may ? "ok" : "E_INVALIDARG");
    EXPECT_EQ(Verdict(MayDelegate(lender, kMaxDelegated + 1)), "E_INVALIDARG");
  }
  EXPECT_EQ(kMaxDelegated, 65536u);
}

TEST(NetworkSideTest, WhoeverHasNoListedPrincipalDelegatesForeignOnes) {
  AccessToken lender = TokenOf(kAlice);
  lender.level = ImpersonationLevel::kDelegate;
  EXPECT_EQ(Verdict(MayDelegate(lender, 100)), "foreign_principal");
  EXPECT_EQ(Verdict(MayDelegate(lender, 0)), "E_INVALIDARG");
  lender.network.delegated = {{"alice@EXAMPLE.COM", false}};
  EXPECT_EQ(Verdict(MayDelegate(lender, 100)), "ok");
}

TEST(NetworkSideTest, APrincipalMustBeListedForTheLender) {
  AccessToken lender = TokenOf(kAlice);
  lender.network.kerberos = KerberosAccount{"alice@EXAMPLE.COM", "/k", ""};
  lender.network.delegated = {{"alice@EXAMPLE.COM", false}, {"alice/admin@EXAMPLE.COM", true}};
  EXPECT_FALSE(CheckDelegatedPrincipal(lender, "alice@EXAMPLE.COM")->administrator);
  EXPECT_TRUE(CheckDelegatedPrincipal(lender, "alice/admin@EXAMPLE.COM")->administrator);
  for (const char* other : {"", "alice", "alice@example.com", "alice@EXAMPLE.COM ",
                            "bob@EXAMPLE.COM", "alice@EXAMPLE.COM.EVIL"}) {
    EXPECT_EQ(Verdict(CheckDelegatedPrincipal(lender, other).status()), "foreign_principal");
  }
  // What the directory has for the account itself is not listed for being sent.
  lender.network.delegated.clear();
  EXPECT_EQ(Verdict(CheckDelegatedPrincipal(lender, "alice@EXAMPLE.COM").status()),
            "foreign_principal");
}

TEST(NetworkSideTest, ACertificateBesideANetworkHelperIsForLocalSystemAlone) {
  for (const bool certificate : {false, true}) {
    for (const uint32_t flags : {0u, 1u, 2u, 3u}) {
      for (const Sid& owner : {kFetcher, kRoot, kLocalServiceSid, kLocalSystemSid}) {
        const bool conflict = certificate && (flags & 2u) != 0 && owner != kLocalSystemSid;
        EXPECT_EQ(Verdict(CheckCertificateConflict(certificate, owner, flags)),
                  conflict ? "ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY" : "ok");
      }
    }
  }
}

}  // namespace
}  // namespace bitsd::policy
