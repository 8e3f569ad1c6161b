// Which certificates are revoked: what the certificate revocation lists of the trust roots say.
//
// A list counts when one of the roots signed it, it is whole (no delta, no part) and in date. Where
// lists are configured every issuer needs one: of a certificate whose issuer has none in date
// nothing is known, and it is refused. Thread safety: immutable. Ownership: owns what it read.

#ifndef BITSD_SERVER_IDENTITY_REVOCATION_LISTS_H_
#define BITSD_SERVER_IDENTITY_REVOCATION_LISTS_H_

#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bitsd {

/// A certificate as lists name it: who signed it, and its number there.
struct RevocationKey {
  std::array<uint8_t, 32> issuer{};  ///< SHA-256 of the issuer's public key.
  std::string serial;                ///< DER of the serial number.
};
/// Of a chain: the leaf first, without the trust root.
using RevocationKeys = std::vector<RevocationKey>;

class RevocationLists {
 public:
  /// None are configured: nothing is looked at.
  RevocationLists() = default;

  /// `lists`: PEM texts, each of any number of lists; `roots`: PEM of the trust roots. E_INVALIDARG
  /// when one cannot be read, is signed by none of the roots, is not whole, or is out of date at
  /// `now`. Unset: the lists were judged before, and those of roots that are gone are left out.
  static absl::StatusOr<RevocationLists> Create(const std::vector<std::string>& lists,
                                                const std::string& roots,
                                                std::optional<absl::Time> now);

  bool configured() const { return configured_; }

  /// The keys of a verified chain, as X509_STORE_CTX has it; empty when no lists are configured.
  RevocationKeys KeysOf(const STACK_OF(X509) * chain) const;

  /// UNAUTHENTICATED: certificate_revoked; revocation_unknown.
  absl::Status Check(const RevocationKeys& keys, absl::Time now) const;
  /// The refusal of a certificate about which nothing is known since `when`.
  static absl::Status OutOfDate(absl::Time when);
  /// Until when Check knows what it knows of these.
  absl::Time KnownUntil(const RevocationKeys& keys) const;

 private:
  struct List {
    absl::Time issued;
    absl::Time next_update;
    absl::flat_hash_set<std::string> serials;
  };
  absl::Status Add(X509_CRL& crl, const STACK_OF(X509) * roots, std::optional<absl::Time> now);

  bool configured_ = false;
  absl::flat_hash_map<std::array<uint8_t, 32>, List> lists_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_REVOCATION_LISTS_H_
