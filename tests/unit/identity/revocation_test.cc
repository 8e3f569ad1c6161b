// Revocation lists: what counts as one, what they say, and what ends when one names a certificate.

#include <openssl/pem.h>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/identity/file_account_directory.h"
#include "server/identity/identity_cache.h"
#include "tests/testing/test_certificates.h"

namespace bitsd {
namespace {

using tests::CertificateSpec;
using tests::IssueCertificate;
using tests::kCertificateNow;
using tests::TestCertificate;

constexpr char kAlice[] = "S-1-5-21-1-2-3-1002";

struct Asn1TimeFree {
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
};
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Asn1TimeFree>;

Asn1TimePtr Asn1(absl::Time time) {
  return Asn1TimePtr(ASN1_TIME_set(nullptr, absl::ToTimeT(time)));
}

struct ListSpec {
  std::vector<const TestCertificate*> revoked;
  absl::Time issued = kCertificateNow - absl::Hours(1);
  absl::Time next = kCertificateNow + absl::Hours(1);
  bool critical = false;
};

/// A list that `issuer` signed.
std::string ListOf(const TestCertificate& issuer, const ListSpec& spec) {
  X509_CRL* crl = X509_CRL_new();
  X509_CRL_set_version(crl, 1);
  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer.x509.get()));
  X509_CRL_set1_lastUpdate(crl, Asn1(spec.issued).get());
  X509_CRL_set1_nextUpdate(crl, Asn1(spec.next).get());
  for (const TestCertificate* certificate : spec.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate->x509.get()));
    X509_REVOKED_set_revocationDate(entry, Asn1(spec.issued).get());
    X509_CRL_add0_revoked(crl, entry);
  }
  if (spec.critical) {
    ASN1_INTEGER* base = ASN1_INTEGER_new();
    ASN1_INTEGER_set(base, 1);
    X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0);
    ASN1_INTEGER_free(base);
  }
  X509_CRL_sign(crl, issuer.key.get(), EVP_sha256());
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), crl);
  X509_CRL_free(crl);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string RuleOf(const absl::Status& status) {
  return status.ok() ? "ok" : DetailOf(status).rule;
}

TestCertificate Authority(const std::string& name, const TestCertificate* issuer = nullptr) {
  CertificateSpec spec;
  spec.name = name;
  spec.ca = true;
  spec.extended_key_usage.clear();
  return IssueCertificate(spec, issuer);
}

class RevocationTest : public testing::Test {
 protected:
  absl::StatusOr<RevocationLists> Read(const std::vector<std::string>& lists,
                                       const std::string& roots) {
    return RevocationLists::Create(lists, roots, kCertificateNow);
  }
  CertificateReader Reader(const std::vector<std::string>& lists, const std::string& roots) {
    auto revoked = Read(lists, roots);
    EXPECT_TRUE(revoked.ok()) << revoked.status();
    return *CertificateReader::Create({}, roots, *std::move(revoked));
  }
  IdentityCache Cache(const std::vector<std::string>& lists, const std::string& roots) {
    return {Reader(lists, roots), directory_};
  }
  static std::string Look(IdentityCache& cache, const TestCertificate& leaf,
                          const std::string& chain = "", absl::Time now = kCertificateNow) {
    return RuleOf(cache.Lookup(leaf.Pem(), chain)->Check(now));
  }
  static std::shared_ptr<const FileAccountDirectory> Directory() {
    auto account = std::make_shared<Account>();
    account->sid = *Sid::Parse(kAlice);
    FileAccountDirectory::Accounts accounts;
    accounts[account->sid] = account;
    return std::make_shared<FileAccountDirectory>(std::move(accounts));
  }

  const TestCertificate root_ = Authority("root");
  const TestCertificate alice_ = IssueCertificate(tests::SpecWithSid(kAlice), &root_);
  const TestCertificate another_ = IssueCertificate(tests::SpecWithSid(kAlice), &root_);
  const std::shared_ptr<const FileAccountDirectory> directory_ = Directory();
};

TEST_F(RevocationTest, ACertificateThatAListNamesIsRefusedAndNoOther) {
  IdentityCache cache = Cache({ListOf(root_, {{&alice_}})}, root_.Pem());
  EXPECT_EQ(Look(cache, alice_), "certificate_revoked");
  EXPECT_EQ(Look(cache, another_), "ok");
}

TEST_F(RevocationTest, WithoutListsNothingIsRevoked) {
  IdentityCache cache = Cache({}, root_.Pem());
  EXPECT_EQ(Look(cache, alice_), "ok");
}

TEST_F(RevocationTest, WhereListsAreConfiguredEveryIssuerNeedsOne) {
  const TestCertificate other = Authority("other");
  IdentityCache cache = Cache({ListOf(other, {})}, root_.Pem() + other.Pem());
  EXPECT_EQ(Look(cache, alice_), "revocation_unknown");
}

TEST_F(RevocationTest, AnIntermediateIsRevokedWithAllBelowIt) {
  const TestCertificate middle = Authority("middle", &root_);
  const TestCertificate leaf = IssueCertificate(tests::SpecWithSid(kAlice), &middle);
  const std::string roots = root_.Pem() + middle.Pem();
  IdentityCache fine = Cache({ListOf(root_, {}), ListOf(middle, {})}, roots);
  EXPECT_EQ(Look(fine, leaf), "ok");
  IdentityCache revoked = Cache({ListOf(root_, {{&middle}}), ListOf(middle, {})}, roots);
  EXPECT_EQ(Look(revoked, leaf), "certificate_revoked");
  IdentityCache unknown = Cache({ListOf(root_, {})}, root_.Pem());
  EXPECT_EQ(Look(unknown, leaf, middle.Pem()), "revocation_unknown");
}

TEST_F(RevocationTest, AListThatGetsOutOfDateSaysNothingAnyMore) {
  IdentityCache cache = Cache(
      {ListOf(root_, {{}, kCertificateNow - absl::Hours(1), kCertificateNow + absl::Minutes(5)})},
      root_.Pem());
  EXPECT_EQ(Look(cache, alice_, "", kCertificateNow + absl::Minutes(4)), "ok");
  EXPECT_EQ(Look(cache, alice_, "", kCertificateNow + absl::Minutes(5)), "revocation_unknown");
}

TEST_F(RevocationTest, TheNewestListOfAnIssuerCounts) {
  const std::string older = ListOf(root_, {{&alice_}, kCertificateNow - absl::Hours(2)});
  const std::string newer = ListOf(root_, {{}, kCertificateNow - absl::Hours(1)});
  for (const std::string& both : {older + newer, newer + older}) {
    IdentityCache cache = Cache({both}, root_.Pem());
    EXPECT_EQ(Look(cache, alice_), "ok");
  }
}

TEST_F(RevocationTest, WhatIsNoGoodListIsRefused) {
  const TestCertificate other = Authority("other");
  const TestCertificate twin = Authority("root");  // The same name, another key.
  const std::pair<std::string, std::string> bad[] = {
      {"", "PEM"},
      {"garbage", "PEM"},
      {root_.Pem(), "PEM"},
      {ListOf(root_, {}) + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "PEM"},
      {ListOf(other, {}), "signed by none"},
      {ListOf(twin, {}), "signed by none"},
      {ListOf(root_, {{}, kCertificateNow - absl::Hours(2), kCertificateNow}), "out of date"},
      {ListOf(root_, {{}, kCertificateNow + absl::Hours(1), kCertificateNow + absl::Hours(2)}),
       "not in date before"},
      {ListOf(root_,
              {{}, kCertificateNow - absl::Hours(1), kCertificateNow + absl::Hours(1), true}),
       "critical"},
  };
  for (const auto& [text, why] : bad) {
    const auto lists = Read({text}, root_.Pem());
    EXPECT_NE(lists.status().message().find(why), absl::string_view::npos) << lists.status();
    EXPECT_EQ(DetailOf(lists.status()).hresult, Hresult::kInvalidArgument);
  }
}

TEST_F(RevocationTest, ListsThatWereJudgedBeforeAreNotJudgedAgain) {
  const TestCertificate other = Authority("other");
  const std::string old = ListOf(
      root_, {{&alice_}, kCertificateNow - absl::Hours(2), kCertificateNow - absl::Hours(1)});
  const auto kept = RevocationLists::Create({old, ListOf(other, {})}, root_.Pem(), std::nullopt);
  EXPECT_TRUE(kept.ok()) << kept.status() << ": a root must always be removable";
}

TEST_F(RevocationTest, WhatWasMadeByARevokedCertificateEndsAndNothingIsMadeByItAgain) {
  IdentityCache cache = Cache({ListOf(root_, {})}, root_.Pem());
  const auto token = [&](const TestCertificate& by) {
    return *cache.Lookup(by.Pem(), "")
                ->Token(false, ImpersonationLevel::kImpersonate, kCertificateNow);
  };
  const auto alices = token(alice_);
  const auto anothers = token(another_);
  std::string reason;
  const Attachment lent(alices->certificate, [&](std::string_view why, const WaitGroupPtr&) {
    reason = std::string(why);
  });
  cache.Renew(Reader({ListOf(root_, {{&alice_}})}, root_.Pem()));
  EXPECT_EQ(reason, "certificate_revoked");
  EXPECT_EQ(Look(cache, alice_), "certificate_revoked");
  EXPECT_FALSE(alices->certificate->is_open()) << "a call under way can attach nothing";
  EXPECT_TRUE(anothers->certificate->is_open());
  EXPECT_EQ(Look(cache, another_), "ok");
}

}  // namespace
}  // namespace bitsd
