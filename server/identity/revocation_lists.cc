#include "server/identity/revocation_lists.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/openssl_ptr.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

using KeyHash = std::array<uint8_t, 32>;

constexpr size_t kMaxPem = size_t{16} << 20;
constexpr int kMaxIssuers = 16;

int NoPassword(char*, int, int, void*) { return -1; }

absl::Status Refused(std::string_view why) {
  return error::InvalidArgument(
      absl::StrCat("tls.crls: ", absl::string_view(why.data(), why.size())));
}

std::optional<absl::Time> TimeOf(const ASN1_TIME* time) {
  std::tm fields = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return absl::FromTM(fields, absl::UTCTimeZone());
}

std::string TextOf(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

KeyHash HashOfKey(const X509& certificate) {
  KeyHash hash{};
  unsigned int size = 0;
  if (X509_pubkey_digest(&certificate, EVP_sha256(), hash.data(), &size) != 1) hash.fill(0);
  return hash;
}

std::string DerOf(const ASN1_INTEGER* serial) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(serial, &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool HasCriticalExtension(const X509_CRL& crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(&crl); ++i) {
    if (X509_EXTENSION_get_critical(X509_CRL_get_ext(&crl, i)) != 0) return true;
  }
  return false;
}

bool HasCriticalExtension(const X509_REVOKED& entry) {
  for (int i = 0; i < X509_REVOKED_get_ext_count(&entry); ++i) {
    if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(&entry, i)) != 0) return true;
  }
  return false;
}

/// The root whose key signed the list; null when none did.
X509* SignerOf(X509_CRL& crl, const STACK_OF(X509) * roots) {
  for (int i = 0; i < sk_X509_num(roots); ++i) {
    X509* root = sk_X509_value(roots, i);
    const bool named = X509_NAME_cmp(X509_get_subject_name(root), X509_CRL_get_issuer(&crl)) == 0;
    const bool may_sign = (X509_get_key_usage(root) & KU_CRL_SIGN) != 0;
    if (named && may_sign && X509_CRL_verify(&crl, X509_get0_pubkey(root)) == 1) return root;
  }
  return nullptr;
}

X509StackPtr ReadRoots(const std::string& pem) {
  const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509StackPtr roots(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(input.get(), nullptr, NoPassword, nullptr)) {
    sk_X509_push(roots.get(), next);
  }
  ERR_clear_error();
  return roots;
}

struct CrlDeleter {
  void operator()(X509_CRL* crl) const { X509_CRL_free(crl); }
};
using CrlPtr = std::unique_ptr<X509_CRL, CrlDeleter>;

/// Every list in `pem`; unset when there is none, something broken, or too much.
std::optional<std::vector<CrlPtr>> ReadLists(const std::string& pem) {
  if (pem.size() > kMaxPem) return std::nullopt;
  const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<CrlPtr> lists;
  while (X509_CRL* next = PEM_read_bio_X509_CRL(input.get(), nullptr, NoPassword, nullptr)) {
    lists.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end || lists.empty()) return std::nullopt;
  return lists;
}

absl::Status Unknown(std::string_view why) {
  return error::Unauthenticated(Rule::kRevocationUnknown,
                                absl::StrCat("whether the certificate was revoked is not known: ",
                                             absl::string_view(why.data(), why.size())));
}

}  // namespace

absl::StatusOr<RevocationLists> RevocationLists::Create(const std::vector<std::string>& lists,
                                                        const std::string& roots,
                                                        std::optional<absl::Time> now) {
  RevocationLists result;
  result.configured_ = !lists.empty();
  const X509StackPtr signers = ReadRoots(roots);
  for (const std::string& pem : lists) {
    const auto read = ReadLists(pem);
    if (!read) return Refused("a file holds no revocation list in PEM, or something else");
    for (const CrlPtr& crl : *read) {
      absl::Status status = result.Add(*crl, signers.get(), now);
      ERR_clear_error();
      if (!status.ok()) return status;
    }
  }
  return result;
}

absl::Status RevocationLists::Add(X509_CRL& crl, const STACK_OF(X509) * roots,
                                  std::optional<absl::Time> now) {
  const X509* signer = SignerOf(crl, roots);
  if (signer == nullptr) {
    if (!now) return absl::OkStatus();
    return Refused(
        "a list is signed by none of tls.roots: correct it, or add the certificate of the issuer "
        "that signed it to tls.roots");
  }
  if (HasCriticalExtension(crl)) {
    return Refused("a list has a critical extension: write a whole list, no delta and no part");
  }
  const auto issued = TimeOf(X509_CRL_get0_lastUpdate(&crl));
  const auto next = TimeOf(X509_CRL_get0_nextUpdate(&crl));
  if (!issued || !next) return Refused("a list does not say until when it is in date");
  if (now && *issued > *now) return Refused("a list is not in date before " + TextOf(*issued));
  if (now && *next <= *now) {
    return Refused("a list is out of date since " + TextOf(*next) + ": fetch the newest one");
  }
  List list{*issued, *next, {}};
  const STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(&crl);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    if (HasCriticalExtension(*entry)) return Refused("a list has a critical entry extension");
    list.serials.insert(DerOf(X509_REVOKED_get0_serialNumber(entry)));
  }
  const auto [kept, is_new] = lists_.try_emplace(HashOfKey(*signer));
  if (is_new || kept->second.issued < list.issued) kept->second = std::move(list);
  return absl::OkStatus();
}

RevocationKeys RevocationLists::KeysOf(X509_STORE_CTX& context) const {
  RevocationKeys keys;
  if (!configured_) return keys;
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(&context);
  const auto add = [&keys](X509* certificate, const X509& issuer) {
    keys.push_back({HashOfKey(issuer), DerOf(X509_get0_serialNumber(certificate))});
  };
  const int last = sk_X509_num(chain) - 1;
  for (int i = 0; i < last; ++i) add(sk_X509_value(chain, i), *sk_X509_value(chain, i + 1));
  X509* below = sk_X509_value(chain, last);
  X509Ptr kept;
  for (int i = 0; i < kMaxIssuers && X509_self_signed(below, 0) != 1; ++i) {
    X509* issuer = nullptr;
    if (X509_STORE_CTX_get1_issuer(&issuer, &context, below) != 1) break;
    add(below, *issuer);
    kept.reset(issuer);
    below = issuer;
  }
  ERR_clear_error();
  return keys;
}

absl::Status RevocationLists::Check(const RevocationKeys& keys, absl::Time now) const {
  for (const RevocationKey& key : keys) {
    const auto list = lists_.find(key.issuer);
    if (list == lists_.end()) return Unknown("its issuer has no revocation list in tls.crls");
    if (list->second.serials.contains(key.serial)) {
      return error::Unauthenticated(
          Rule::kCertificateRevoked,
          "the certificate, or its issuer's, has been revoked: get another one");
    }
    if (now >= list->second.next_update) {
      return OutOfDate(list->second.next_update);
    }
  }
  return absl::OkStatus();
}

absl::Status RevocationLists::OutOfDate(absl::Time when) {
  return Unknown("its issuer's revocation list is out of date since " + TextOf(when) +
                 ": the operator must renew it");
}

absl::Time RevocationLists::KnownUntil(const RevocationKeys& keys) const {
  absl::Time until = absl::InfiniteFuture();
  for (const RevocationKey& key : keys) {
    const auto list = lists_.find(key.issuer);
    if (list != lists_.end()) until = std::min(until, list->second.next_update);
  }
  return until;
}

}  // namespace bitsd
