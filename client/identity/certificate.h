// Reading PEM certificates and keys, and the SID extension in both directions.
//
// The extension 1.3.6.1.4.1.311.25.2 is a GeneralNames with one otherName 1.3.6.1.4.1.311.25.2.1
// whose value is an OCTET STRING of the SID's text. Thread safety: pure functions. Ownership: the
// caller owns what is returned.

#ifndef BITSD_CLIENT_IDENTITY_CERTIFICATE_H_
#define BITSD_CLIENT_IDENTITY_CERTIFICATE_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "client/base/openssl.h"

namespace bits {

/// The first certificate of `pem`.
absl::StatusOr<X509Ptr> ParseCertificate(const std::string& pem);

/// An unencrypted private key; never asks for a passphrase.
absl::StatusOr<KeyPtr> ParsePrivateKey(const std::string& pem);

/// The canonical SID in the SID extension, else in a SAN URI. FAILED_PRECONDITION names what is
/// wrong: none, doubled, malformed, or two that differ.
absl::StatusOr<std::string> CertificateSid(const X509& certificate);

/// The extension that carries `sid`.
absl::StatusOr<ExtensionPtr> MakeSidExtension(const std::string& sid);

/// `time` of a certificate, to the second.
absl::StatusOr<std::chrono::system_clock::time_point> TimeOf(const ASN1_TIME* time);

}  // namespace bits

#endif  // BITSD_CLIENT_IDENTITY_CERTIFICATE_H_
