// The two places where a certificate may carry a SID.
//
// Both are read strictly: the exact DER, ASCII, canonical SIDs, nothing before, between or after.
// Formats: MS-WCCE 2.2.2.7.7.4 (szOID_NTDS_CA_SECURITY_EXT) and MS-PKCA 3.1.5.2.1.6 (URI).
// Thread safety: pure functions.

#ifndef BITSD_SERVER_IDENTITY_SID_EXTENSION_H_
#define BITSD_SERVER_IDENTITY_SID_EXTENSION_H_

#include <openssl/x509.h>

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/identity/sid.h"

namespace bitsd {

inline constexpr char kSidExtensionOid[] = "1.3.6.1.4.1.311.25.2";
inline constexpr std::string_view kSidUriPrefix = "tag:microsoft.com,2022-09-14:sid:";

/// The SID of extension 1.3.6.1.4.1.311.25.2; unset when the certificate has none. UNAUTHENTICATED
/// when it is malformed or given twice.
absl::StatusOr<std::optional<Sid>> SidOfExtension(const X509& certificate);

/// The SID of the subject alternative name; otherwise as SidOfExtension.
absl::StatusOr<std::optional<Sid>> SidOfAlternativeName(const X509& certificate);

/// The contents (extnValue) of the extension; UNAUTHENTICATED when malformed.
absl::StatusOr<Sid> ParseSidExtension(std::string_view der);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_SID_EXTENSION_H_
