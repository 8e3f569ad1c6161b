// Reading certificates, with and without a root below which URIs count.
//
// Thread safety: one test thread. Ownership: owns the root and the readers.

#ifndef BITSD_TESTS_UNIT_IDENTITY_CERTIFICATE_IDENTITY_FIXTURE_H_
#define BITSD_TESTS_UNIT_IDENTITY_CERTIFICATE_IDENTITY_FIXTURE_H_

#include <string>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/identity/certificate_identity.h"
#include "tests/testing/test_certificates.h"

namespace bitsd {

inline constexpr char kAlice[] = "S-1-5-21-1-2-3-1001";
inline constexpr char kBob[] = "S-1-5-21-1-2-3-1002";
inline constexpr char kObjectSidOid[] = "\x2B\x06\x01\x04\x01\x82\x37\x19\x02\x01";

class CertificateIdentityTest : public ::testing::Test {
 protected:
  absl::StatusOr<CertificateIdentity> Read(const tests::CertificateSpec& spec) const {
    return plain_.Read(tests::IssueCertificate(spec, &root_).Pem(), "");
  }
  /// As Read, with `root_` among those below which URIs count.
  absl::StatusOr<CertificateIdentity> ReadTrusting(const tests::CertificateSpec& spec) const {
    return trusting_.Read(tests::IssueCertificate(spec, &root_).Pem(), "");
  }

  static void ExpectRefused(const absl::StatusOr<CertificateIdentity>& identity,
                            const std::string& reason) {
    ASSERT_FALSE(identity.ok()) << reason;
    EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(DetailOf(identity.status()).rule, "certificate_refused");
    EXPECT_THAT(std::string(identity.status().message()), ::testing::HasSubstr(reason));
  }

  const tests::TestCertificate root_ = tests::MakeRoot("root");
  const CertificateReader plain_ = *CertificateReader::Create({});
  const CertificateReader trusting_ = *CertificateReader::Create({root_.Pem()});
};

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_IDENTITY_CERTIFICATE_IDENTITY_FIXTURE_H_
