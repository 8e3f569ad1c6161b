// Generations of the identity cache, and the roots behind them.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/identity/file_account_directory.h"
#include "server/identity/identity_cache.h"
#include "server/identity/trust_roots.h"
#include "tests/testing/test_certificates.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;
using tests::CertificateSpec;
using tests::IssueCertificate;
using tests::kCertificateNow;
using tests::MakeRoot;
using tests::SpecWithSid;
using tests::TestCertificate;

constexpr char kAlice[] = "S-1-5-21-1-2-3-1001";

std::shared_ptr<const FileAccountDirectory> DirectoryWithAlice(uid_t uid) {
  FileAccountDirectory::Accounts accounts;
  auto account = std::make_shared<Account>();
  account->sid = *Sid::Parse(kAlice);
  account->posix = PosixIdentity{uid, uid, {}};
  accounts[account->sid] = std::move(account);
  return std::make_shared<const FileAccountDirectory>(std::move(accounts));
}

class GenerationsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<const AccessToken>> Token(const std::string& chain = "") {
    return cache_.Lookup(leaf_, chain)
        ->Token(false, ImpersonationLevel::kImpersonate, kCertificateNow);
  }

  const TestCertificate root_ = MakeRoot("root");
  const TestCertificate other_root_ = MakeRoot("other");
  const std::string leaf_ = IssueCertificate(SpecWithSid(kAlice), &root_).Pem();
  IdentityCache cache_{*CertificateReader::Create({}, root_.Pem()), DirectoryWithAlice(61001)};
};

TEST_F(GenerationsTest, ANewDirectoryIsAskedAtTheNextLookup) {
  EXPECT_EQ((*Token())->posix->uid, 61001u);
  const uint64_t before = cache_.generation();
  cache_.Renew(DirectoryWithAlice(61002));
  EXPECT_GT(cache_.generation(), before);
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ((*Token())->posix->uid, 61002u);
  cache_.Renew(std::make_shared<const FileAccountDirectory>(FileAccountDirectory::Accounts()));
  EXPECT_THAT(Token().status().ToString(), HasSubstr("unknown_account"));
}

TEST_F(GenerationsTest, ALeafIsVerifiedBelowTheNewRoots) {
  ASSERT_TRUE(Token().ok());
  cache_.Renew(*CertificateReader::Create({}, other_root_.Pem()));
  const auto refused = Token();
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(refused.status().ToString(), HasSubstr("issuer is not trusted"));
  cache_.Renew(*CertificateReader::Create({}, other_root_.Pem() + root_.Pem()));
  EXPECT_TRUE(Token().ok());
}

TEST_F(GenerationsTest, ALeafThatOneChainDoesNotVerifyMayVerifyByAnother) {
  CertificateSpec ca;
  ca.name = "issuing";
  ca.ca = true;
  ca.extended_key_usage = "";
  const TestCertificate issuing = IssueCertificate(ca, &root_);
  const std::string leaf = IssueCertificate(SpecWithSid(kAlice), &issuing).Pem();
  EXPECT_FALSE(cache_.Lookup(leaf, "")->Check(kCertificateNow).ok());
  EXPECT_TRUE(cache_.Lookup(leaf, issuing.Pem())->Check(kCertificateNow).ok());
}

TEST_F(GenerationsTest, RootsThatAreNoneAreRefused) {
  EXPECT_FALSE(CertificateReader::Create({}, "garbage").ok());
}

TEST_F(GenerationsTest, NobodySeesAnOldGenerationAfterItsEnd) {
  std::atomic<uid_t> newest = 61001;
  std::atomic<bool> over = false;
  std::atomic<int> stale = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!over) {
        const uid_t floor = newest;
        if ((*Token())->posix->uid < floor) ++stale;
      }
    });
  }
  for (uid_t uid = 61002; uid < 61400; ++uid) {
    cache_.Renew(DirectoryWithAlice(uid));
    newest = uid;
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stale, 0);
}

TEST(TrustRootsTest, OrderAndRepetitionDoNotMatterARemovalDoes) {
  const std::string a = MakeRoot("a").Pem();
  const std::string b = MakeRoot("b").Pem();
  EXPECT_TRUE(KeepsAllRoots(a, a + b));
  EXPECT_TRUE(KeepsAllRoots(a + b, b + "# comment\n" + a + a));
  EXPECT_FALSE(KeepsAllRoots(a + b, a));
  EXPECT_FALSE(KeepsAllRoots(a, b));
  EXPECT_TRUE(KeepsAllRoots("", a));
  EXPECT_FALSE(KeepsAllRoots(a, ""));
}

}  // namespace
}  // namespace bitsd
