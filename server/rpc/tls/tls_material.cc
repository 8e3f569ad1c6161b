#include "server/rpc/tls/tls_material.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <vector>

#include "server/base/openssl_ptr.h"
#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

/// Answers OpenSSL's question for a passphrase: there is none, and nobody at a terminal to ask.
int NoPassphrase(char*, int, int, void*) { return 0; }

BioPtr Reader(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Every certificate of `pem`; empty when it has none, or text that is no certificate.
std::vector<X509Ptr> ReadCertificates(const std::string& pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr bio = Reader(pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) certificates.clear();
  return certificates;
}

EvpPkeyPtr ReadKey(const std::string& pem) {
  const BioPtr bio = Reader(pem);
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

bool KeyMatches(const X509& leaf, const EVP_PKEY& key) {
  const bool matches = X509_check_private_key(&leaf, &key) == 1;
  ERR_clear_error();
  return matches;
}

bool IsValidAt(const X509& leaf, absl::Time now) {
  time_t when = absl::ToTimeT(now);
  return X509_cmp_time(X509_get0_notBefore(&leaf), &when) < 0 &&
         X509_cmp_time(X509_get0_notAfter(&leaf), &when) > 0;
}

}  // namespace

absl::Status CheckServerPair(const TlsMaterial& material, absl::Time now) {
  const std::vector<X509Ptr> chain = ReadCertificates(material.certificate_chain);
  if (chain.empty()) return error::InvalidArgument("The TLS certificate is no PEM certificate.");
  const EvpPkeyPtr key = ReadKey(material.private_key);
  if (key == nullptr) {
    return error::InvalidArgument("The TLS key is no PEM private key without a passphrase.");
  }
  if (!KeyMatches(*chain.front(), *key)) {
    return error::InvalidArgument("The TLS key does not belong to the TLS certificate.");
  }
  if (!IsValidAt(*chain.front(), now)) {
    return error::InvalidArgument("The TLS certificate has expired or is not valid yet.");
  }
  return absl::OkStatus();
}

absl::Status CheckRoots(const TlsMaterial& material) {
  if (!ReadCertificates(material.roots).empty()) return absl::OkStatus();
  return error::InvalidArgument("The TLS roots hold no PEM certificate.");
}

absl::Status CheckTlsMaterial(const TlsMaterial& material, absl::Time now) {
  if (absl::Status status = CheckServerPair(material, now); !status.ok()) return status;
  return CheckRoots(material);
}

}  // namespace bitsd::rpc
