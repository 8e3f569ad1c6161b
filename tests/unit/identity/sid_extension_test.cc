// The extension that names the caller in a certificate: read to the byte, or refused.

#include "server/identity/sid_extension.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/test_certificates.h"
#include "tests/unit/identity/certificate_identity_fixture.h"

namespace bitsd {
namespace {

using tests::CertificateSpec;
using tests::Der;
using tests::IssueCertificate;
using tests::kCertificateNow;
using tests::SidExtensionDer;
using tests::SidUri;
using tests::SpecWithSid;
using tests::TestCertificate;

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

TEST_F(CertificateIdentityTest, AMalformedExtensionIsNotSavedByAGoodUri) {
  CertificateSpec spec = SpecWithSid("S-1-5");
  spec.uris = {SidUri(kAlice)};
  ExpectRefused(ReadTrusting(spec), "malformed");
}

TEST_F(CertificateIdentityTest, AnyOtherExtensionGivenTwiceIsRefused) {
  CertificateSpec spec = SpecWithSid(kAlice);
  spec.raw_extensions.emplace_back("1.2.3.4", "a");
  spec.raw_extensions.emplace_back("1.2.3.4", "b");
  ExpectRefused(Read(spec), "an extension twice");
}

}  // namespace
}  // namespace bitsd
