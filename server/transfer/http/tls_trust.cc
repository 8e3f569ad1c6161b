#include "server/transfer/http/tls_trust.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>

#include "server/policy/network_facts.h"

namespace bitsd {
namespace {

using Verify = int (*)(int, X509_STORE_CTX*);

bool IsUnknownCa(int error) {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
         error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || error == X509_V_ERR_CERT_UNTRUSTED;
}

bool IsLeftOut(int error, uint32_t flags) {
  if (IsUnknownCa(error)) return (flags & kSslIgnoreUnknownCa) != 0;
  if (error == X509_V_ERR_CERT_NOT_YET_VALID || error == X509_V_ERR_CERT_HAS_EXPIRED) {
    return (flags & kSslIgnoreDate) != 0;
  }
  return error == X509_V_ERR_INVALID_PURPOSE && (flags & kSslIgnoreUsage) != 0;
}

/// OpenSSL asks for each error it finds. One function for each set of flags: there is no place to
/// keep them that lives as long as a connection.
template <uint32_t kFlags>
int VerifyBut(int ok, X509_STORE_CTX* context) {
  if (ok == 1 || !IsLeftOut(X509_STORE_CTX_get_error(context), kFlags)) return ok;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

constexpr uint32_t kInVerification = kSslIgnoreDate | kSslIgnoreUnknownCa | kSslIgnoreUsage;

Verify VerifierFor(uint32_t flags) {
  switch (flags & kInVerification) {
    case kSslIgnoreDate: return &VerifyBut<kSslIgnoreDate>;
    case kSslIgnoreUnknownCa: return &VerifyBut<kSslIgnoreUnknownCa>;
    case kSslIgnoreUsage: return &VerifyBut<kSslIgnoreUsage>;
    case kSslIgnoreDate | kSslIgnoreUnknownCa:
      return &VerifyBut<kSslIgnoreDate | kSslIgnoreUnknownCa>;
    case kSslIgnoreDate | kSslIgnoreUsage: return &VerifyBut<kSslIgnoreDate | kSslIgnoreUsage>;
    case kSslIgnoreUnknownCa | kSslIgnoreUsage:
      return &VerifyBut<kSslIgnoreUnknownCa | kSslIgnoreUsage>;
    case kInVerification: return &VerifyBut<kInVerification>;
    default: return nullptr;
  }
}

using Asked = std::shared_ptr<bool>;

void FreeAsked(void*, void* asked, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Asked*>(asked);
}

/// Where a context keeps whom to tell that it was asked for a certificate: a connection may outlive
/// the request that made it.
int AskedIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &FreeAsked);
  return index;
}

/// OpenSSL calls it when a server asks for a certificate; 1: go on.
int OnAsked(SSL* connection, void*) {
  auto* asked = static_cast<Asked*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), AskedIndex()));
  if (asked != nullptr) **asked = true;
  return 1;
}

/// Seconds until a changed file of trust roots counts.
constexpr long kKeepRoots = 60;

}  // namespace

CURLcode TlsTrust::SetOn(CURL* easy, bool with_certificate) {
  show_certificate_ = with_certificate && certificate_ != nullptr;
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  // A resumed session is of whoever began it: with a certificate it would show that anywhere.
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, certificate_ == nullptr ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, (flags_ & kSslIgnoreName) != 0 ? 0L : 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!rules_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, rules_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  const bool revocation = (flags_ & kSslCrlCheck) != 0;
  // Lists would be added to a store that is kept, again and again.
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, revocation ? 0L : kKeepRoots);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
  return curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &TlsTrust::Prepare);
}

CURLcode TlsTrust::Prepare(CURL*, void* context, void* self) {
  const CURLcode code =
      static_cast<const TlsTrust*>(self)->PrepareContext(static_cast<SSL_CTX*>(context));
  ERR_clear_error();
  return code;
}

CURLcode TlsTrust::PrepareContext(SSL_CTX* context) const {
  if (const Verify verify = VerifierFor(flags_); verify != nullptr) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verify);
  }
  if ((flags_ & kSslCrlCheck) != 0) {
    if (const CURLcode code = AddRevocationLists(context); code != CURLE_OK) return code;
  }
  if (const CURLcode code = NoteAsking(context); code != CURLE_OK) return code;
  if (!show_certificate_) return CURLE_OK;
  const ClientKeyPair& pair = *certificate_;
  const int used = SSL_CTX_use_cert_and_key(context, pair.certificate.get(), pair.key.get(),
                                            pair.chain.get(), 1);
  return used == 1 ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

CURLcode TlsTrust::NoteAsking(SSL_CTX* context) const {
  auto asked = std::make_unique<Asked>(asked_);
  if (SSL_CTX_set_ex_data(context, AskedIndex(), asked.get()) != 1) return CURLE_OUT_OF_MEMORY;
  static_cast<void>(asked.release());  // The context's now.
  SSL_CTX_set_cert_cb(context, &OnAsked, nullptr);
  return CURLE_OK;
}

CURLcode TlsTrust::AddRevocationLists(SSL_CTX* context) const {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == nullptr || rules_.crls.empty()) return CURLE_SSL_CRL_BADFILE;
  for (const std::string& file : rules_.crls) {
    if (X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) <= 0) {
      return CURLE_SSL_CRL_BADFILE;
    }
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return CURLE_OK;
}

}  // namespace bitsd
