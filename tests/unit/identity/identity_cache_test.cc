#include "server/identity/identity_cache.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/test_certificates.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;
using tests::CertificateSpec;
using tests::IssueCertificate;
using tests::kCertificateNow;
using tests::MakeRoot;
using tests::SidUri;
using tests::SpecWithSid;
using tests::TestCertificate;

constexpr char kAlice[] = "S-1-5-21-1-2-3-1001";
constexpr char kAdmin[] = "S-1-5-21-1-2-3-500";

class CountingDirectory : public AccountDirectory {
 public:
  std::shared_ptr<const Account> Find(const Sid& sid) const override {
    ++finds;
    const auto found = accounts.find(sid);
    return found == accounts.end() ? nullptr : std::make_shared<const Account>(found->second);
  }

  Account& Add(const std::string& sid) {
    const Sid parsed = *Sid::Parse(sid);
    accounts[parsed].sid = parsed;
    return accounts[parsed];
  }

  std::map<Sid, Account> accounts;
  mutable std::atomic<int> finds = 0;
};

class IdentityCacheTest : public ::testing::Test {
 protected:
  IdentityCacheTest() {
    Account& alice = directory_->Add(kAlice);
    alice.name = "alice";
    alice.posix = PosixIdentity{61001, 61001, {61002}};
    alice.umask = 077;
    Account& admin = directory_->Add(kAdmin);
    admin.posix = PosixIdentity{0, 0, {}};
    admin.groups = {{kAdministratorsSid, kGroupEnabled}};
    admin.network.kerberos = {"admin@TEST.LOCAL", "/etc/admin.keytab", ""};
    admin.filtered = PosixIdentity{61011, 61011, {}};
    admin.filtered_network.kerberos = {"low@TEST.LOCAL", "/etc/low.keytab", ""};
  }

  std::string Pem(const CertificateSpec& spec) const {
    return IssueCertificate(spec, &root_).Pem();
  }

  absl::StatusOr<std::shared_ptr<const AccessToken>> Token(
      const std::string& pem, bool filtered = false,
      ImpersonationLevel level = ImpersonationLevel::kImpersonate,
      absl::Time now = kCertificateNow) {
    return cache_.Lookup(pem, "")->Token(filtered, level, now);
  }

  void ExpectRefused(const std::string& pem, const std::string& rule, const std::string& reason) {
    const auto token = Token(pem);
    ASSERT_FALSE(token.ok()) << reason;
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(DetailOf(token.status()).rule, rule);
    EXPECT_THAT(std::string(token.status().message()), HasSubstr(reason));
  }

  const TestCertificate root_ = MakeRoot("root");
  const std::shared_ptr<CountingDirectory> directory_ = std::make_shared<CountingDirectory>();
  IdentityCache cache_{*CertificateReader::Create({}), directory_, 4};
};

TEST_F(IdentityCacheTest, ATokenIsASnapshotOfTheAccount) {
  const auto token = Token(Pem(SpecWithSid(kAlice)));
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ((*token)->user.ToString(), kAlice);
  EXPECT_EQ((*token)->account_name, "alice");
  EXPECT_EQ((*token)->posix, (PosixIdentity{61001, 61001, {61002}}));
  EXPECT_EQ((*token)->umask, 077u);
  EXPECT_EQ((*token)->level, ImpersonationLevel::kImpersonate);
  EXPECT_FALSE((*token)->filtered);
  EXPECT_FALSE((*token)->service);
  EXPECT_FALSE((*token)->IsEnabledAdministrator());
  EXPECT_EQ((*token)->certificate_not_after, kCertificateNow + absl::Hours(1));
}

TEST_F(IdentityCacheTest, ACertificateIsParsedOnceAndItsTokensAreShared) {
  const std::string pem = Pem(SpecWithSid(kAlice));
  const auto first = Token(pem);
  const auto second = Token(std::string(pem));
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(directory_->finds, 1);
  EXPECT_EQ(cache_.size(), 1u);
}

TEST_F(IdentityCacheTest, AFilteredTokenOfAnAdministratorHasTheFilteredIdentity) {
  const std::string pem = Pem(SpecWithSid(kAdmin));
  const auto full = Token(pem);
  EXPECT_TRUE((*full)->IsEnabledAdministrator());
  EXPECT_EQ((*full)->posix, (PosixIdentity{0, 0, {}}));
  EXPECT_EQ((*full)->network.kerberos->principal, "admin@TEST.LOCAL");

  const auto filtered = Token(pem, /*filtered=*/true);
  EXPECT_TRUE((*filtered)->filtered);
  EXPECT_FALSE((*filtered)->IsEnabledAdministrator());
  EXPECT_EQ((*filtered)->groups,
            (std::vector<SidGroup>{{kAdministratorsSid, kGroupUseForDenyOnly}}));
  EXPECT_EQ((*filtered)->posix, (PosixIdentity{61011, 61011, {}}));
  EXPECT_EQ((*filtered)->network.kerberos->principal, "low@TEST.LOCAL");
}

TEST_F(IdentityCacheTest, AFilteredTokenWithoutAFilteredIdentityHasNone) {
  Account& admin = directory_->accounts[*Sid::Parse(kAdmin)];
  admin.filtered.reset();
  admin.filtered_network = {};
  EXPECT_EQ((*Token(Pem(SpecWithSid(kAdmin)), true))->posix, std::nullopt);
  EXPECT_EQ((*Token(Pem(SpecWithSid(kAdmin)), true))->network, NetworkCredentials());
  EXPECT_EQ((*Token(Pem(SpecWithSid(kAlice)), true))->posix, std::nullopt);
}

TEST_F(IdentityCacheTest, TheLevelIsCappedAtWhatTheAccountMayHave) {
  directory_->accounts[*Sid::Parse(kAlice)].max_level = ImpersonationLevel::kIdentify;
  const std::string pem = Pem(SpecWithSid(kAlice));
  using Level = ImpersonationLevel;
  const std::vector<std::pair<Level, Level>> levels = {{Level::kAnonymous, Level::kAnonymous},
                                                       {Level::kIdentify, Level::kIdentify},
                                                       {Level::kImpersonate, Level::kIdentify},
                                                       {Level::kDelegate, Level::kIdentify}};
  for (const auto& [asked, given] : levels) {
    for (const bool filtered : {false, true}) {
      EXPECT_EQ((*Token(pem, filtered, asked))->level, given);
      EXPECT_EQ((*Token(pem, filtered, asked))->filtered, filtered);
    }
  }
}

TEST_F(IdentityCacheTest, AServiceIsAlwaysLoggedOn) {
  directory_->accounts[*Sid::Parse(kAlice)].service = true;
  EXPECT_TRUE((*Token(Pem(SpecWithSid(kAlice))))->service);
}

TEST_F(IdentityCacheTest, AnUnknownSidIsRefused) {
  ExpectRefused(Pem(SpecWithSid("S-1-5-21-9-9-9-9")), "unknown_account", "unknown_account");
}

TEST_F(IdentityCacheTest, ADisabledAccountIsRefused) {
  directory_->accounts[*Sid::Parse(kAlice)].disabled = true;
  ExpectRefused(Pem(SpecWithSid(kAlice)), "account_disabled", "disabled");
}

TEST_F(IdentityCacheTest, LocalSystemNeedsAPinnedCertificate) {
  const TestCertificate pinned = IssueCertificate(SpecWithSid("S-1-5-18"), &root_);
  directory_->Add("S-1-5-18").certificates = {pinned.FingerprintHex()};
  ExpectRefused(Pem(SpecWithSid("S-1-5-18")), "certificate_not_pinned", "same on every machine");
  const auto token = Token(pinned.Pem());
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_TRUE((*token)->service);
}

TEST_F(IdentityCacheTest, ACertificateWithoutASidIsRefusedOnEveryCallWithTheReason) {
  const std::string pem = Pem(CertificateSpec{});
  for (int call = 0; call < 2; ++call) ExpectRefused(pem, "certificate_refused", "has no SID");
  EXPECT_EQ(directory_->finds, 0);
  EXPECT_EQ(cache_.size(), 1u);
}

TEST_F(IdentityCacheTest, ValidityIsJudgedAtEachUse) {
  const std::string pem = Pem(SpecWithSid(kAlice));
  const auto level = ImpersonationLevel::kImpersonate;
  const absl::Duration two_hours = absl::Hours(2);
  EXPECT_FALSE(Token(pem, false, level, kCertificateNow - two_hours).ok());
  EXPECT_TRUE(Token(pem).ok());
  EXPECT_EQ(Token(pem, false, level, kCertificateNow + two_hours).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(cache_.Lookup(pem, "")->Check(kCertificateNow).ok());
  EXPECT_FALSE(cache_.Lookup(pem, "")->Check(kCertificateNow + two_hours).ok());
}

TEST_F(IdentityCacheTest, TheOldestEntryLeavesFirst) {
  std::vector<std::string> pems;
  for (int i = 0; i < 5; ++i) {
    pems.push_back(Pem(SpecWithSid(kAlice)));
    cache_.Lookup(pems.back(), "");
  }
  EXPECT_EQ(cache_.size(), 4u);
  EXPECT_EQ(directory_->finds, 5);
  cache_.Lookup(pems[4], "");
  cache_.Lookup(pems[1], "");
  EXPECT_EQ(directory_->finds, 5) << "still kept";
  cache_.Lookup(pems[0], "");
  EXPECT_EQ(directory_->finds, 6) << "left, so parsed anew";
  EXPECT_EQ(cache_.size(), 4u);
}

TEST_F(IdentityCacheTest, ATextLongerThanAnyCertificateIsNotKept) {
  ExpectRefused(std::string(IdentityCache::kMaxKeyBytes + 1, 'x'), "certificate_refused",
                "cannot be read");
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(IdentityCacheTest, TheChainMattersOnlyWhereUrisCount) {
  CertificateSpec ca;
  ca.name = "issuing";
  ca.ca = true;
  ca.extended_key_usage = "";
  const TestCertificate issuing = IssueCertificate(ca, &root_);
  CertificateSpec spec;
  spec.uris = {SidUri(kAlice)};
  const std::string leaf = IssueCertificate(spec, &issuing).Pem();
  const auto level = ImpersonationLevel::kImpersonate;

  IdentityCache trusting(*CertificateReader::Create({root_.Pem()}), directory_);
  EXPECT_FALSE(trusting.Lookup(leaf, "")->Token(false, level, kCertificateNow).ok());
  EXPECT_TRUE(trusting.Lookup(leaf, issuing.Pem())->Token(false, level, kCertificateNow).ok());
  EXPECT_FALSE(trusting.Lookup(leaf, "")->Token(false, level, kCertificateNow).ok());
  EXPECT_EQ(trusting.size(), 2u);

  cache_.Lookup(leaf, "");
  cache_.Lookup(leaf, issuing.Pem());
  EXPECT_EQ(cache_.size(), 1u);
}

TEST_F(IdentityCacheTest, ManyThreadsSeeOneIdentityEach) {
  std::vector<std::string> pems;
  for (int i = 0; i < 8; ++i) pems.push_back(Pem(SpecWithSid(i % 2 == 0 ? kAlice : kAdmin)));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < 400; ++i) {
        const auto token = Token(pems[i % pems.size()]);
        const char* expected = i % 2 == 0 ? kAlice : kAdmin;
        if (!token.ok() || (*token)->user.ToString() != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(cache_.size(), 4u);
}

}  // namespace
}  // namespace bitsd
