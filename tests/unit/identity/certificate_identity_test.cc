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

namespace bitsd {
namespace {

using ::testing::HasSubstr;
using tests::CertificateSpec;
using tests::Der;
using tests::IssueCertificate;
using tests::kCertificateNow;
using tests::MakeRoot;
using tests::SidExtensionDer;
using tests::SidUri;
using tests::SpecWithSid;
using tests::TestCertificate;

constexpr char kAlice[] = "S-1-5-21-1-2-3-1001";
constexpr char kBob[] = "S-1-5-21-1-2-3-1002";
constexpr char kObjectSidOid[] = "\x2B\x06\x01\x04\x01\x82\x37\x19\x02\x01";

class CertificateIdentityTest : public ::testing::Test {
 protected:
  absl::StatusOr<CertificateIdentity> Read(const CertificateSpec& spec) const {
    return plain_.Read(IssueCertificate(spec, &root_).Pem(), "");
  }
  /// As Read, with `root_` among those below which URIs count.
  absl::StatusOr<CertificateIdentity> ReadTrusting(const CertificateSpec& spec) const {
    return trusting_.Read(IssueCertificate(spec, &root_).Pem(), "");
  }

  static void ExpectRefused(const absl::StatusOr<CertificateIdentity>& identity,
                            const std::string& reason) {
    ASSERT_FALSE(identity.ok()) << reason;
    EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(DetailOf(identity.status()).rule, "certificate_refused");
    EXPECT_THAT(std::string(identity.status().message()), HasSubstr(reason));
  }

  const TestCertificate root_ = MakeRoot("root");
  const CertificateReader plain_ = *CertificateReader::Create({});
  const CertificateReader trusting_ = *CertificateReader::Create({root_.Pem()});
};

TEST_F(CertificateIdentityTest, TheExtensionNamesTheCaller) {
  const TestCertificate leaf = IssueCertificate(SpecWithSid(kAlice), &root_);
  const auto identity = plain_.Read(leaf.Pem(), "");
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->sid.ToString(), kAlice);
  EXPECT_EQ(identity->not_before, kCertificateNow - absl::Hours(1));
  EXPECT_EQ(identity->not_after, kCertificateNow + absl::Hours(1));
  EXPECT_EQ(identity->fingerprint_sha256_hex, leaf.FingerprintHex());
  EXPECT_EQ(identity->fingerprint_sha256_hex.size(), 64u);
}

TEST_F(CertificateIdentityTest, TheExtensionIsByteForByteWhatWindowsIssues) {
  const std::string der =
      std::string(
          "\x30\x3F\xA0\x3D\x06\x0A\x2B\x06\x01\x04\x01\x82\x37\x19\x02\x01\xA0\x2F\x04\x2D") +
      "S-1-5-21-1111111111-2222222222-3333333333-500";
  ASSERT_EQ(der.size(), 65u);
  const auto sid = ParseSidExtension(der);
  ASSERT_TRUE(sid.ok());
  EXPECT_EQ(sid->ToString(), "S-1-5-21-1111111111-2222222222-3333333333-500");
}

TEST_F(CertificateIdentityTest, ALongSidNeedsALongLength) {
  const std::string longest =
      "S-1-5-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-"
      "4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295";
  const auto sid = ParseSidExtension(SidExtensionDer(longest));
  ASSERT_TRUE(sid.ok());
  EXPECT_EQ(sid->ToString(), longest);
}

TEST_F(CertificateIdentityTest, AnExtensionThatIsNotExactlyRightIsMalformed) {
  const std::string oid = Der(0x06, kObjectSidOid);
  const std::string value = Der(0xA0, Der(0x04, kAlice));
  const std::string good = SidExtensionDer(kAlice);
  const std::string other_name = Der(0xA0, oid + value);
  std::string indefinite = good;
  indefinite[1] = '\x80';
  std::string long_form = good;
  long_form.insert(1, "\x81");
  std::string longer_than_all = good;
  longer_than_all[1] = '\x7F';
  const std::string binary_sid("\x01\x01\0\0\0\0\0\x05\x12\0\0\0", 12);
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"nothing", ""},
      {"a tag alone", "\x30"},
      {"truncated", good.substr(0, good.size() - 1)},
      {"a byte behind", good + std::string(1, '\0')},
      {"twice", good + good},
      {"two names", Der(0x30, other_name + other_name)},
      {"a byte in the sequence", Der(0x30, other_name + "\x05")},
      {"a byte in the name", Der(0x30, Der(0xA0, oid + value + std::string("\x05\0", 2)))},
      {"a byte in the value", Der(0x30, Der(0xA0, oid + Der(0xA0, Der(0x04, kAlice) + "\x05")))},
      {"two values", Der(0x30, Der(0xA0, oid + value + value))},
      {"no type", Der(0x30, Der(0xA0, value))},
      {"another type", Der(0x30, Der(0xA0, Der(0x06, "\x2B\x06\x01") + value))},
      {"a set", Der(0x31, other_name)},
      {"a UTF8String", Der(0x30, Der(0xA0, oid + Der(0xA0, Der(0x0C, kAlice))))},
      {"no explicit tag", Der(0x30, Der(0xA0, oid + Der(0x04, kAlice)))},
      {"the SID alone", kAlice},
      {"an indefinite length", indefinite},
      {"a length not in its shortest form", long_form},
      {"a length past the end", longer_than_all},
      {"a length of four bytes", std::string("\x30\x84\xFF\xFF\xFF\xFF", 6)},
      {"an empty SID", SidExtensionDer("")},
      {"a binary SID", SidExtensionDer(binary_sid)},
      {"a SID with NUL", SidExtensionDer(std::string(kAlice) + std::string(1, '\0'))},
      {"a SID with a newline", SidExtensionDer(std::string(kAlice) + "\n")},
      {"a lower-case SID", SidExtensionDer("s-1-5-21-1-2-3-1001")},
      {"a SID with leading zeros", SidExtensionDer("S-1-5-21-1-2-3-01001")},
      {"two SIDs", SidExtensionDer(std::string(kAlice) + "," + kBob)},
      {"too much", SidExtensionDer(std::string(1000, '1'))},
  };
  for (const auto& [what, der] : wrong) {
    CertificateSpec spec;
    spec.raw_extensions.emplace_back(kSidExtensionOid, der);
    SCOPED_TRACE(what);
    ExpectRefused(Read(spec), "SID extension (1.3.6.1.4.1.311.25.2) is malformed");
  }
}

TEST_F(CertificateIdentityTest, TwoExtensionsAreRefusedEvenWhenTheyAgree) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.raw_extensions.push_back(spec.raw_extensions.front());
  ExpectRefused(Read(spec), "two SID extensions");
}

TEST_F(CertificateIdentityTest, AnyOtherExtensionGivenTwiceIsRefused) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.raw_extensions.emplace_back("1.2.3.4", "a");
  spec.raw_extensions.emplace_back("1.2.3.4", "b");
  ExpectRefused(Read(spec), "an extension twice");
}

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

/// A canonical SID whose text has `length` characters.
std::string SidOfLength(size_t length) {
  std::string sid = "S-1-5";
  while (sid.size() < length) {
    const size_t left = length - sid.size();
    const size_t part = left == 12 ? 10 : std::min<size_t>(left, 11);
    sid += "-" + std::string(part - 1, '1');
  }
  return sid;
}

TEST_F(CertificateIdentityTest, ContentsOfEveryLengthAreRead) {
  // The lengths of all four elements pass from 127 to 128 on the way.
  for (size_t length = 80; length <= 140; ++length) {
    const std::string text = SidOfLength(length);
    ASSERT_EQ(text.size(), length);
    const auto sid = ParseSidExtension(SidExtensionDer(text));
    ASSERT_TRUE(sid.ok()) << length;
    EXPECT_EQ(sid->ToString(), text);
  }
}

TEST_F(CertificateIdentityTest, EveryOtherWayToWriteALengthIsMalformed) {
  const auto contents = [](size_t length) {
    const std::string oid = Der(0x06, kObjectSidOid);
    std::string found;
    for (size_t text = 80; text <= 140 && found.size() != length; ++text) {
      found = Der(0xA0, oid + Der(0xA0, Der(0x04, SidOfLength(text))));
    }
    return found;
  };
  const std::string shorter = contents(127);
  const std::string longer = contents(128);
  ASSERT_EQ(shorter.size(), 127u);
  ASSERT_EQ(longer.size(), 128u);
  EXPECT_TRUE(ParseSidExtension("\x30\x7F" + shorter).ok());
  EXPECT_TRUE(ParseSidExtension("\x30\x81\x80" + longer).ok());
  EXPECT_FALSE(ParseSidExtension("\x30\x81\x7F" + shorter).ok()) << "not the shortest form";
  EXPECT_FALSE(ParseSidExtension("\x30\x80" + longer).ok()) << "indefinite";
  EXPECT_FALSE(ParseSidExtension(std::string("\x30\x82\0\x80", 4) + longer).ok());
  for (int first = 0x82; first <= 0xFF; ++first) {
    const std::string der = "\x30" + std::string(1, static_cast<char>(first)) + "\x80" + longer;
    EXPECT_FALSE(ParseSidExtension(der).ok()) << first;
  }
  const std::string whole = SidExtensionDer(SidOfLength(120));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseSidExtension(whole.substr(0, size)).ok()) << size << " bytes";
  }
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

TEST_F(CertificateIdentityTest, AMalformedExtensionIsNotSavedByAGoodUri) {
  CertificateSpec spec = SpecWithSid("S-1-5");
  spec.uris = {SidUri(kAlice)};
  ExpectRefused(ReadTrusting(spec), "malformed");
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
