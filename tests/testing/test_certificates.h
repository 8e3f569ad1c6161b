// Real certificates, made in memory: good ones, and wrong ones of every kind.
//
// Thread safety: pure functions. Ownership: a certificate owns its key. Aborts the test program
// when OpenSSL refuses: nothing works without it.

#ifndef BITSD_TESTS_TESTING_TEST_CERTIFICATES_H_
#define BITSD_TESTS_TESTING_TEST_CERTIFICATES_H_

#include <openssl/evp.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/base/openssl_ptr.h"

namespace bitsd::tests {

/// In the middle of the validity of a certificate that says nothing else.
inline const absl::Time kCertificateNow = absl::FromUnixSeconds(1'800'000'000);

struct CertificateSpec {
  std::string name = "peer";
  bool ca = false;
  bool version1 = false;
  std::string extended_key_usage = "clientAuth";  ///< Empty: none.
  std::string key_usage;                          ///< Empty: none.
  std::vector<std::string> uris;                  ///< In the subject alternative name.
  bool uris_first = false;                        ///< Before every other extension.
  /// Added as they are: object identifier and contents.
  std::vector<std::pair<std::string, std::string>> raw_extensions;
  absl::Time not_before = kCertificateNow - absl::Hours(1);
  absl::Time not_after = kCertificateNow + absl::Hours(1);
};

using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;

struct TestCertificate {
  X509Ptr x509;
  KeyPtr key;

  std::string Pem() const;
  std::string FingerprintHex() const;
};

/// A certificate signed by `issuer`, or by itself when that is null.
TestCertificate IssueCertificate(const CertificateSpec& spec, const TestCertificate* issuer);

/// A self-signed CA.
TestCertificate MakeRoot(const std::string& name);

/// DER: a tag, the length, the contents.
std::string Der(unsigned char tag, std::string_view contents);

/// The contents of the SID extension for `text`, which may be anything.
std::string SidExtensionDer(std::string_view text);

/// A certificate that carries the SID extension for `sid`.
CertificateSpec SpecWithSid(std::string_view sid);

/// "tag:microsoft.com,2022-09-14:sid:" and `sid`.
std::string SidUri(std::string_view sid);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_TEST_CERTIFICATES_H_
