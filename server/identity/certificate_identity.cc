#include "server/identity/certificate_identity.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "server/error/errors.h"
#include "server/identity/sid_extension.h"

namespace bitsd {
namespace {

constexpr size_t kMaxPem = size_t{64} << 10;  // Of a leaf, and of all its issuers together.
constexpr int kMaxCertificates = 16;
constexpr size_t kMaxRootsPem = size_t{4} << 20;
constexpr int kMaxRoots = 4096;
constexpr int kMaxExtensions = 64;
constexpr long kX509v3 = 2;
constexpr size_t kMaxSubject = 200;
constexpr int kMaxSerialBytes = 20;

absl::Status Refused(std::string_view message) {
  return error::Unauthenticated(Rule::kCertificateRefused, message);
}

/// Every certificate in `pem`; null when there is something else, or too much of it.
X509StackPtr ReadPem(std::string_view pem, size_t max_bytes, int max_certificates) {
  if (pem.size() > max_bytes) return nullptr;
  const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509StackPtr certificates(sk_X509_new_null());
  ERR_clear_error();  // Of others: the last error says how the reading ended.
  // Without this, an encrypted block would ask the terminal for a password.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  while (X509* next = PEM_read_bio_X509(input.get(), nullptr, no_password, nullptr)) {
    sk_X509_push(certificates.get(), next);
    if (sk_X509_num(certificates.get()) > max_certificates) return nullptr;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return nullptr;
  return certificates;
}

std::optional<absl::Time> TimeOf(const ASN1_TIME* time) {
  std::tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return absl::FromTM(fields, absl::UTCTimeZone());
}

CertificateIdentity Unlimited() {
  CertificateIdentity identity;
  identity.not_before = absl::InfinitePast();
  identity.not_after = absl::InfiniteFuture();
  return identity;
}

/// Shrinks the validity of `identity` to that of `certificate` too.
bool NarrowValidity(const X509& certificate, CertificateIdentity& identity) {
  const auto begin = TimeOf(X509_get0_notBefore(&certificate));
  const auto end = TimeOf(X509_get0_notAfter(&certificate));
  if (!begin || !end) return false;
  identity.not_before = std::max(identity.not_before, *begin);
  identity.not_after = std::min(identity.not_after, *end);
  return true;
}

std::string FingerprintOf(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest, &size) != 1) return "";
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

/// RFC 5280 4.2: no extension twice. OpenSSL would take the first and ignore the rest.
bool HasExtensionTwice(const X509& certificate) {
  for (int i = 0; i < X509_get_ext_count(&certificate); ++i) {
    const ASN1_OBJECT* oid = X509_EXTENSION_get_object(X509_get_ext(&certificate, i));
    if (X509_get_ext_by_OBJ(&certificate, oid, i) >= 0) return true;
  }
  return false;
}

absl::Status CheckExtensions(const X509& certificate) {
  if (X509_get_version(&certificate) != kX509v3) return Refused("the certificate is not X.509 v3");
  if (X509_get_ext_count(&certificate) > kMaxExtensions) {
    return Refused("the certificate has too many extensions");
  }
  if (HasExtensionTwice(certificate)) return Refused("the certificate has an extension twice");
  return absl::OkStatus();
}

/// What the leaf may be used for. OpenSSL caches what it decodes here: not const.
absl::Status CheckUsage(X509& certificate) {
  const bool malformed = (X509_get_extension_flags(&certificate) & EXFLAG_INVALID) != 0;
  ERR_clear_error();
  if (malformed) return Refused("the certificate has a malformed extension");
  if (X509_check_ca(&certificate) != 0) {
    return Refused("the certificate is a CA's: a CA's key must not speak for an account");
  }
  const uint32_t usage = X509_get_extended_key_usage(&certificate);
  if (usage == UINT32_MAX || (usage & XKU_SSL_CLIENT) == 0) {
    return Refused("the certificate has no extended key usage clientAuth");
  }
  return absl::OkStatus();
}

absl::StatusOr<X509Ptr> ReadLeaf(std::string_view pem) {
  const X509StackPtr certificates = ReadPem(pem, kMaxPem, kMaxCertificates);
  if (certificates == nullptr || sk_X509_num(certificates.get()) != 1) {
    return Refused("the peer's certificate cannot be read");
  }
  return X509Ptr(sk_X509_pop(certificates.get()));
}

/// As gRPC's own store; times are judged at each use (CheckValidity).
X509StorePtr NewStore() {
  X509StorePtr store(X509_STORE_new());
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST |
                                        X509_V_FLAG_NO_CHECK_TIME);
  return store;
}

/// False when `pem` holds no certificate, or something else.
bool AddRoots(X509_STORE& store, std::string_view pem) {
  const X509StackPtr roots = ReadPem(pem, kMaxRootsPem, kMaxRoots);
  if (roots == nullptr || sk_X509_num(roots.get()) == 0) return false;
  for (int i = 0; i < sk_X509_num(roots.get()); ++i) {
    X509_STORE_add_cert(&store, sk_X509_value(roots.get(), i));
  }
  ERR_clear_error();
  return true;
}

/// The chain from `leaf` to one of `roots`, as a client's; null when there is none.
X509StoreCtxPtr VerifyBelow(X509_STORE& roots, X509& leaf, std::string_view chain) {
  // The chain's certificates are freed here: what is verified holds references of its own.
  const X509StackPtr untrusted = ReadPem(chain, kMaxPem, kMaxCertificates);
  X509StoreCtxPtr context(X509_STORE_CTX_new());
  const bool verified = untrusted != nullptr &&
                        X509_STORE_CTX_init(context.get(), &roots, &leaf, untrusted.get()) == 1 &&
                        X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT) == 1 &&
                        X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return verified ? std::move(context) : nullptr;
}

/// The one SID that both places agree on.
absl::StatusOr<Sid> Agree(const std::optional<Sid>& extension, const std::optional<Sid>& uri) {
  if (extension && uri && *extension != *uri) {
    return Refused("the certificate's SID extension and its SID URI name different SIDs");
  }
  if (extension) return *extension;
  if (uri) return *uri;
  return Refused("the certificate has no SID: issue one with extension 1.3.6.1.4.1.311.25.2");
}

}  // namespace

CertificateReader::CertificateReader(X509StorePtr san_sid_roots, X509StorePtr client_roots,
                                     RevocationLists revoked)
    : san_sid_roots_(std::move(san_sid_roots)),
      client_roots_(std::move(client_roots)),
      revoked_(std::make_shared<const RevocationLists>(std::move(revoked))) {}

absl::StatusOr<CertificateReader> CertificateReader::Create(
    const std::vector<std::string>& san_sid_roots, const std::string& client_roots,
    RevocationLists revoked) {
  X509StorePtr uri_roots = san_sid_roots.empty() ? nullptr : NewStore();
  for (const std::string& pem : san_sid_roots) {
    if (!AddRoots(*uri_roots, pem)) {
      return error::InvalidArgument("tls.san_sid_roots: a file holds no certificates in PEM");
    }
  }
  X509StorePtr roots = client_roots.empty() ? nullptr : NewStore();
  if (roots != nullptr && !AddRoots(*roots, client_roots)) {
    return error::InvalidArgument("tls.roots holds no certificates in PEM");
  }
  return CertificateReader(std::move(uri_roots), std::move(roots), std::move(revoked));
}

absl::StatusOr<RevocationKeys> CertificateReader::CheckIssuer(std::string_view leaf,
                                                              std::string_view chain) const {
  if (client_roots_ == nullptr) return RevocationKeys();
  const absl::StatusOr<X509Ptr> certificate = ReadLeaf(leaf);
  if (!certificate.ok()) return certificate.status();
  const X509StoreCtxPtr path = VerifyBelow(*client_roots_, **certificate, chain);
  if (path != nullptr) return revoked_->KeysOf(*path);
  return Refused("the certificate's issuer is not trusted any more: get one from another");
}

bool CertificateReader::NarrowToSanSidChain(X509& leaf, std::string_view chain,
                                            CertificateIdentity& identity) const {
  if (san_sid_roots_ == nullptr) return false;
  const X509StoreCtxPtr context = VerifyBelow(*san_sid_roots_, leaf, chain);
  if (context == nullptr) return false;
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(path); ++i) {
    if (!NarrowValidity(*sk_X509_value(path, i), identity)) return false;
  }
  return true;
}

absl::StatusOr<std::optional<Sid>> CertificateReader::SidOfTrustedUri(
    X509& leaf, std::string_view chain, CertificateIdentity& identity) const {
  CertificateIdentity narrowed = identity;
  if (!NarrowToSanSidChain(leaf, chain, narrowed)) return std::nullopt;
  absl::StatusOr<std::optional<Sid>> sid = SidOfAlternativeName(leaf);
  if (sid.ok() && sid->has_value()) identity = narrowed;
  return sid;
}

absl::StatusOr<CertificateIdentity> CertificateReader::Read(std::string_view leaf,
                                                            std::string_view chain) const {
  const absl::StatusOr<X509Ptr> certificate = ReadLeaf(leaf);
  if (!certificate.ok()) return certificate.status();
  X509& x509 = **certificate;
  // First what is about the SID: it has the most precise reason.
  const absl::StatusOr<std::optional<Sid>> extension = SidOfExtension(x509);
  if (!extension.ok()) return extension.status();
  if (const absl::Status status = CheckExtensions(x509); !status.ok()) return status;
  if (const absl::Status status = CheckUsage(x509); !status.ok()) return status;

  CertificateIdentity identity = Unlimited();
  identity.fingerprint_sha256_hex = FingerprintOf(x509);
  if (!NarrowValidity(x509, identity)) return Refused("the certificate's validity is malformed");
  const absl::StatusOr<std::optional<Sid>> uri = SidOfTrustedUri(x509, chain, identity);
  if (!uri.ok()) return uri.status();
  const absl::StatusOr<Sid> sid = Agree(*extension, *uri);
  if (!sid.ok()) return sid.status();
  identity.sid = *sid;
  return identity;
}

absl::Status CheckValidity(const CertificateIdentity& identity, absl::Time now) {
  if (now < identity.not_before) {
    return error::Unauthenticated(Rule::kCertificateNotValidNow,
                                  "the certificate is not yet valid: check both clocks");
  }
  if (now > identity.not_after) {
    return error::Unauthenticated(Rule::kCertificateNotValidNow,
                                  "the certificate has expired: connect with a new one");
  }
  return absl::OkStatus();
}

absl::Status CheckPinned(const CertificateIdentity& identity, const Account& account) {
  if (!IsWellKnownService(account.sid)) return absl::OkStatus();
  const auto& pinned = account.certificates;
  const bool found =
      !identity.fingerprint_sha256_hex.empty() &&
      std::find(pinned.begin(), pinned.end(), identity.fingerprint_sha256_hex) != pinned.end();
  if (found) return absl::OkStatus();
  return error::Unauthenticated(
      Rule::kCertificateNotPinned,
      account.sid.ToString() + " is the same on every machine: list this certificate's SHA-256 (" +
          identity.fingerprint_sha256_hex + ") under `certificates` of its account");
}

std::optional<CertificateName> NameOfCertificate(std::string_view pem) {
  const absl::StatusOr<X509Ptr> certificate = ReadLeaf(pem);
  if (!certificate.ok()) return std::nullopt;
  const BioPtr text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate->get()), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  CertificateName name;
  if (size > 0) name.subject.assign(data, std::min<size_t>(static_cast<size_t>(size), kMaxSubject));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate->get());
  const int bytes = std::min(ASN1_STRING_length(serial), kMaxSerialBytes);
  name.serial = absl::BytesToHexString(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), static_cast<size_t>(bytes)});
  ERR_clear_error();
  return name;
}

}  // namespace bitsd
