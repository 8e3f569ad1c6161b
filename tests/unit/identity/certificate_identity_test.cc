#include "server/identity/certificate_identity.h"

#include <openssl/err.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/identity/sid_extension.h"
#include "tests/testing/test_certificates.h"
#include "tests/unit/identity/certificate_identity_fixture.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;
using tests::CertificateSpec;
using tests::Der;
using tests::IssueCertificate;
using tests::kCertificateNow;
using tests::MakeRoot;
using tests::SidUri;
using tests::SpecWithSid;
using tests::TestCertificate;

TEST_F(CertificateIdentityTest, ACertificateWithoutASidIsNobody) {
  ExpectRefused(Read(CertificateSpec{}), "has no SID");
  ExpectRefused(ReadTrusting(CertificateSpec{}), "has no SID");
}

TEST_F(CertificateIdentityTest, TheUriCountsBelowTrustedRootsOnly) {
  CertificateSpec spec;
  spec.uris = {"https://example.org/", SidUri(kAlice)};
  ExpectRefused(Read(spec), "has no SID");
  const auto identity = ReadTrusting(spec);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->sid.ToString(), kAlice);

  const TestCertificate stranger = MakeRoot("root");
  ExpectRefused(trusting_.Read(IssueCertificate(spec, &stranger).Pem(), stranger.Pem()),
                "has no SID");
}

TEST_F(CertificateIdentityTest, AUriThatDoesNotCountIsIgnoredWhateverItSays) {
  for (const std::vector<std::string>& uris : {std::vector<std::string>{SidUri(kBob)},
                                               {SidUri("nonsense")},
                                               {SidUri(kBob), SidUri(kBob)}}) {
    CertificateSpec spec = SpecWithSid(kAlice);
    spec.uris = uris;
    const auto identity = Read(spec);
    ASSERT_TRUE(identity.ok()) << identity.status();
    EXPECT_EQ(identity->sid.ToString(), kAlice);
  }
}

TEST_F(CertificateIdentityTest, ExtensionAndUriMustAgree) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.uris = {SidUri(kAlice)};
  EXPECT_TRUE(ReadTrusting(spec).ok());
  spec.uris = {SidUri(kBob)};
  ExpectRefused(ReadTrusting(spec), "different SIDs");
}

TEST_F(CertificateIdentityTest, AnAlternativeNameThatComesFirstIsComparedToo) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.uris_first = true;
  spec.uris = {SidUri(kAlice)};
  EXPECT_TRUE(ReadTrusting(spec).ok());
  spec.uris = {SidUri(kBob)};
  ExpectRefused(ReadTrusting(spec), "different SIDs");
}

TEST_F(CertificateIdentityTest, ReadingLeavesNoErrorOnTheThreadAndHeedsNone) {
  ERR_raise(ERR_LIB_USER, 1);
  EXPECT_TRUE(Read(SpecWithSid(kAlice)).ok()) << "an error of somebody else";
  CertificateSpec malformed = SpecWithSid(kAlice);
  malformed.raw_extensions.emplace_back("2.5.29.15", "garbage");
  CertificateSpec names = SpecWithSid(kAlice);
  names.raw_extensions.emplace_back("2.5.29.17", "garbage");
  const std::string pem = IssueCertificate(SpecWithSid(kAlice), &root_).Pem();
  for (const auto& read : {Read(SpecWithSid(kAlice)), Read(malformed), ReadTrusting(names),
                           plain_.Read("garbage", ""), trusting_.Read(pem, "garbage")}) {
    EXPECT_EQ(ERR_peek_error(), 0u) << read.status();
  }
  ExpectRefused(Read(malformed), "malformed extension");
  EXPECT_EQ(ERR_peek_error(), 0u);
  NameOfCertificate("garbage");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(CertificateIdentityTest, ABrokenBlockBehindAGoodOneIsNotIgnored) {
  const std::string pem = IssueCertificate(SpecWithSid(kAlice), &root_).Pem();
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  ExpectRefused(plain_.Read(pem + broken, ""), "cannot be read");
  CertificateSpec with_uri;
  with_uri.uris = {SidUri(kAlice)};
  const std::string leaf = IssueCertificate(with_uri, &root_).Pem();
  EXPECT_TRUE(trusting_.Read(leaf, root_.Pem()).ok());
  ExpectRefused(trusting_.Read(leaf, root_.Pem() + broken), "has no SID");
  EXPECT_FALSE(CertificateReader::Create({root_.Pem() + broken}).ok());
}

TEST_F(CertificateIdentityTest, ExtensionsAndIssuersAreBounded) {
  CertificateSpec spec = SpecWithSid(kAlice);
  while (spec.raw_extensions.size() < 62) {  // Two more are in every certificate.
    spec.raw_extensions.emplace_back("1.2.3." + std::to_string(spec.raw_extensions.size()), "x");
  }
  EXPECT_TRUE(Read(spec).ok());
  spec.raw_extensions.emplace_back("1.2.3.99", "x");
  ExpectRefused(Read(spec), "too many extensions");

  CertificateSpec with_uri;
  with_uri.uris = {SidUri(kAlice)};
  const std::string leaf = IssueCertificate(with_uri, &root_).Pem();
  std::string chain;
  for (int i = 0; i < 16; ++i) chain += root_.Pem();
  EXPECT_TRUE(trusting_.Read(leaf, chain).ok());
  ExpectRefused(trusting_.Read(leaf, chain + root_.Pem()), "has no SID");
}

TEST_F(CertificateIdentityTest, ACertificateIsNamedBySubjectAndSerialNumber) {
  CertificateSpec spec;
  spec.name = "alice, \xC3\xA9\n";
  const TestCertificate certificate = IssueCertificate(spec, &root_);
  const auto name = NameOfCertificate(certificate.Pem());
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->subject, "CN=alice\\, \\C3\\A9\\0A");
  EXPECT_FALSE(name->serial.empty());
  spec.name = std::string(64, 'x');
  EXPECT_LE(NameOfCertificate(IssueCertificate(spec, &root_).Pem())->subject.size(), 200u);
  EXPECT_FALSE(NameOfCertificate("garbage").has_value());
}

TEST_F(CertificateIdentityTest, AUriThatIsNotExactlyRightIsMalformed) {
  for (const std::string& uri :
       {SidUri(""), SidUri("S-1-5"), SidUri("s-1-5-18"), SidUri(std::string(kAlice) + " "),
        SidUri(std::string(kAlice) + std::string(1, '\0')), SidUri(kAlice) + "," + SidUri(kBob),
        SidUri(kAlice) + ",https://example.org/", "https://example.org/," + SidUri(kAlice),
        " " + SidUri(kAlice), "TAG:microsoft.com,2022-09-14:sid:" + std::string(kAlice),
        "tag:microsoft.com,2022-09-24:sid:" + std::string(kAlice),
        "tag:microsoft.com,2022-09-14:SID:" + std::string(kAlice)}) {
    CertificateSpec spec;
    spec.uris = {uri};
    SCOPED_TRACE(uri);
    ExpectRefused(ReadTrusting(spec), "SID URI is malformed");
  }
}

TEST_F(CertificateIdentityTest, TwoUrisAreRefusedEvenWhenTheyAgree) {
  CertificateSpec spec;
  spec.uris = {SidUri(kAlice), SidUri(kAlice)};
  ExpectRefused(ReadTrusting(spec), "two SID URIs");
}

TEST_F(CertificateIdentityTest, AMalformedAlternativeNameIsRefusedWhereItCounts) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.raw_extensions.emplace_back("2.5.29.17", "garbage");
  EXPECT_FALSE(ReadTrusting(spec).ok());
  spec.raw_extensions.back().second = Der(0x30, Der(0x86, SidUri(kAlice))) + "trailing";
  ExpectRefused(ReadTrusting(spec), "alternative name is malformed");
}

TEST_F(CertificateIdentityTest, TheChainOfThePeerLeadsToTheTrustedRoot) {
  CertificateSpec ca;
  ca.name = "issuing";
  ca.ca = true;
  ca.extended_key_usage = "";
  ca.not_after = kCertificateNow + absl::Minutes(10);
  const TestCertificate issuing = IssueCertificate(ca, &root_);
  CertificateSpec spec;
  spec.uris = {SidUri(kAlice)};
  const std::string leaf = IssueCertificate(spec, &issuing).Pem();

  const auto identity = trusting_.Read(leaf, issuing.Pem());
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->not_after, kCertificateNow + absl::Minutes(10)) << "no longer than its chain";
  ExpectRefused(trusting_.Read(leaf, ""), "has no SID");
  ExpectRefused(trusting_.Read(leaf, "garbage"), "has no SID");
  ExpectRefused(plain_.Read(leaf, issuing.Pem()), "has no SID");
}

TEST_F(CertificateIdentityTest, ACertificateInTheChainWithoutCaIsNoIssuer) {
  const TestCertificate leaf = IssueCertificate(SpecWithSid(kBob), &root_);
  CertificateSpec forged;
  forged.uris = {SidUri(kAlice)};
  ExpectRefused(trusting_.Read(IssueCertificate(forged, &leaf).Pem(), leaf.Pem()), "has no SID");
}

TEST_F(CertificateIdentityTest, ACaSpeaksForNobody) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.ca = true;
  ExpectRefused(Read(spec), "is a CA's");
}

TEST_F(CertificateIdentityTest, TheLeafMustHaveClientAuth) {
  for (const char* usage : {"", "serverAuth", "anyExtendedKeyUsage", "codeSigning,serverAuth"}) {
    CertificateSpec spec = SpecWithSid(kAlice);
    spec.extended_key_usage = usage;
    ExpectRefused(Read(spec), "clientAuth");
  }
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.extended_key_usage = "serverAuth,clientAuth";
  EXPECT_TRUE(Read(spec).ok());
}

TEST_F(CertificateIdentityTest, AnOldCertificateFormatIsRefused) {
  CertificateSpec spec;
  spec.version1 = true;
  ExpectRefused(Read(spec), "X.509 v3");
}

TEST_F(CertificateIdentityTest, WhatIsNotOneCertificateIsRefused) {
  const std::string pem = IssueCertificate(SpecWithSid(kAlice), &root_).Pem();
  std::string broken = pem;
  broken[100] = broken[100] == 'A' ? 'B' : 'A';
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string encrypted =
      begin + "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n" +
      pem.substr(begin.size());
  for (const std::string& text :
       {std::string(), std::string("garbage"), pem + pem, pem.substr(0, pem.size() / 2), broken,
        encrypted, std::string(1 << 20, 'A'), begin + "-----END CERTIFICATE-----\n"}) {
    EXPECT_EQ(plain_.Read(text, "").status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(CertificateIdentityTest, EveryFlippedByteIsReadWithoutHarm) {
  const std::string pem = IssueCertificate(SpecWithSid(kAlice), &root_).Pem();
  for (size_t i = 0; i < pem.size(); ++i) {
    std::string flipped = pem;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    const auto identity = trusting_.Read(flipped, flipped);
    if (!identity.ok()) {
      EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
    }
  }
}

TEST_F(CertificateIdentityTest, RootsForUrisMustBeCertificates) {
  EXPECT_FALSE(CertificateReader::Create({"garbage"}).ok());
  EXPECT_FALSE(CertificateReader::Create({""}).ok());
  EXPECT_FALSE(CertificateReader::Create({root_.Pem(), ""}).ok());
}

TEST_F(CertificateIdentityTest, ItIsValidFromItsFirstToItsLastSecond) {
  const auto identity = Read(SpecWithSid(kAlice));
  ASSERT_TRUE(identity.ok());
  const absl::Duration second = absl::Seconds(1);
  EXPECT_TRUE(CheckValidity(*identity, identity->not_before).ok());
  EXPECT_TRUE(CheckValidity(*identity, identity->not_after).ok());
  const absl::Status early = CheckValidity(*identity, identity->not_before - second);
  EXPECT_THAT(std::string(early.message()), HasSubstr("not yet valid"));
  EXPECT_EQ(early.code(), absl::StatusCode::kUnauthenticated);
  const absl::Status late = CheckValidity(*identity, identity->not_after + second);
  EXPECT_THAT(std::string(late.message()), HasSubstr("expired"));
  EXPECT_EQ(DetailOf(late).rule, "certificate_not_valid_now");
}

TEST_F(CertificateIdentityTest, NothingReadIsNeverValid) {
  EXPECT_FALSE(CheckValidity(CertificateIdentity(), kCertificateNow).ok());
}

TEST_F(CertificateIdentityTest, ServiceSidsNeedAPinnedCertificate) {
  for (const char* sid : {"S-1-5-18", "S-1-5-19", "S-1-5-20"}) {
    const auto identity = Read(SpecWithSid(sid));
    ASSERT_TRUE(identity.ok());
    Account account;
    account.sid = *Sid::Parse(sid);
    EXPECT_EQ(DetailOf(CheckPinned(*identity, account)).rule, "certificate_not_pinned");
    account.certificates = {std::string(64, '0')};
    EXPECT_FALSE(CheckPinned(*identity, account).ok());
    account.certificates.push_back(identity->fingerprint_sha256_hex);
    EXPECT_TRUE(CheckPinned(*identity, account).ok());
  }
  Account alice;
  alice.sid = *Sid::Parse(kAlice);
  EXPECT_TRUE(CheckPinned(*Read(SpecWithSid(kAlice)), alice).ok());
}

}  // namespace
}  // namespace bitsd
