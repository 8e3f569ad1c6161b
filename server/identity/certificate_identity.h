// From a peer's certificate to its SID.
//
// The chain has been verified by the handshake; this reads who the leaf stands for. The SID is the
// certificate extension 1.3.6.1.4.1.311.25.2. The URI form in the subject alternative name counts
// only for leaves that verify below roots configured so (requesters can often choose their names);
// for any other leaf it is ignored, as if it were not there. What is read does not depend on the
// time, so it may be kept; CheckValidity judges the time at each use.
//
// Thread safety: CertificateReader may be used from any thread. Ownership: it owns its roots.

#ifndef BITSD_SERVER_IDENTITY_CERTIFICATE_IDENTITY_H_
#define BITSD_SERVER_IDENTITY_CERTIFICATE_IDENTITY_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/openssl_ptr.h"
#include "server/identity/account_directory.h"
#include "server/identity/revocation_lists.h"
#include "server/identity/sid.h"

namespace bitsd {

struct CertificateIdentity {
  Sid sid;
  /// When the leaf is valid; when its URI counted, when the whole chain to that root is.
  absl::Time not_before = absl::InfiniteFuture();
  absl::Time not_after = absl::InfinitePast();
  std::string fingerprint_sha256_hex;  ///< Of the leaf's DER, lower case.
};

class CertificateReader {
 public:
  /// `san_sid_roots`: PEM texts of the trust roots below which the URI form counts. `client_roots`:
  /// PEM text of the roots that every peer must have; empty: the handshake's word is taken.
  /// `revoked`: lists of these roots. E_INVALIDARG when one holds no certificate.
  static absl::StatusOr<CertificateReader> Create(const std::vector<std::string>& san_sid_roots,
                                                  const std::string& client_roots = "",
                                                  RevocationLists revoked = {});

  /// `leaf` is PEM of one certificate; `chain` is PEM of its issuers, as far as the peer sent them.
  /// UNAUTHENTICATED with the reason unless the leaf is no CA, has clientAuth and exactly one SID.
  absl::StatusOr<CertificateIdentity> Read(std::string_view leaf, std::string_view chain) const;

  /// UNAUTHENTICATED when `leaf` does not verify below the roots. A connection may be older than
  /// these: its handshake was another's. Times are not judged here. What the chain is called in
  /// revocation lists.
  absl::StatusOr<RevocationKeys> CheckIssuer(std::string_view leaf, std::string_view chain) const;

  const RevocationLists& revoked() const { return *revoked_; }

  /// False: the chain does not matter to Read.
  bool uses_chain() const { return san_sid_roots_ != nullptr; }

 private:
  CertificateReader(X509StorePtr san_sid_roots, X509StorePtr client_roots, RevocationLists revoked);

  /// The SID of the leaf's URI, when it counts; then `identity` is valid as long as the chain is.
  absl::StatusOr<std::optional<Sid>> SidOfTrustedUri(X509& leaf, std::string_view chain,
                                                     CertificateIdentity& identity) const;

  /// Shrinks the validity to that of the chain from `leaf` to one of the roots. False: no chain.
  bool NarrowToSanSidChain(X509& leaf, std::string_view chain, CertificateIdentity& identity) const;

  X509StorePtr san_sid_roots_;  ///< Null: the URI form never counts.
  X509StorePtr client_roots_;   ///< Null: issuers were judged elsewhere.
  std::shared_ptr<const RevocationLists> revoked_;
};

/// UNAUTHENTICATED outside the certificate's validity.
absl::Status CheckValidity(const CertificateIdentity& identity, absl::Time now);

/// UNAUTHENTICATED when `account` is S-1-5-18, -19 or -20 and does not pin this certificate.
absl::Status CheckPinned(const CertificateIdentity& identity, const Account& account);

/// By which an operator finds a certificate: text of its issuer, bounded, not to be trusted.
struct CertificateName {
  std::string subject;  ///< As RFC 2253 writes it; at most 200 bytes.
  std::string serial;   ///< In hexadecimal; at most 40 digits.
};

/// Unset when `pem` is no certificate.
std::optional<CertificateName> NameOfCertificate(std::string_view pem);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_CERTIFICATE_IDENTITY_H_
