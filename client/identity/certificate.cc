#include "client/identity/certificate.h"

#include <openssl/pem.h>

#include <ctime>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "client/identity/sid_text.h"

namespace bits {
namespace {

constexpr char kSidExtensionOid[] = "1.3.6.1.4.1.311.25.2";
constexpr char kSidNameOid[] = "1.3.6.1.4.1.311.25.2.1";

absl::Status Malformed(const std::string& what) {
  ERR_clear_error();
  return absl::FailedPreconditionError(what);
}

ObjectPtr Oid(const char* text) { return ObjectPtr(OBJ_txt2obj(text, /*no_name=*/1)); }

std::string TextOf(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<size_t>(ASN1_STRING_length(value))};
}

BioPtr Memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Nobody is asked: a passphrase prompt inside a library would hang its caller.
int NoPassphrase(char*, int, int, void*) { return 0; }

absl::Status MalformedExtension() {
  return Malformed("the certificate's SID extension " + std::string(kSidExtensionOid) +
                   " is malformed");
}

// The text inside one extension value; it must be exactly one otherName with nothing behind it.
absl::StatusOr<std::string> SidOfExtension(const ASN1_OCTET_STRING* value) {
  const unsigned char* at = ASN1_STRING_get0_data(value);
  const unsigned char* const end = at + ASN1_STRING_length(value);
  const GeneralNamesPtr names(d2i_GENERAL_NAMES(nullptr, &at, ASN1_STRING_length(value)));
  if (names == nullptr || at != end || sk_GENERAL_NAME_num(names.get()) != 1) {
    return MalformedExtension();
  }
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
  if (name->type != GEN_OTHERNAME) return MalformedExtension();
  const OTHERNAME* other = name->d.otherName;
  const bool expected = OBJ_cmp(other->type_id, Oid(kSidNameOid).get()) == 0 &&
                        other->value->type == V_ASN1_OCTET_STRING;
  if (!expected) return MalformedExtension();
  std::string sid = TextOf(other->value->value.octet_string);
  if (!IsCanonicalSid(sid)) return MalformedExtension();
  return sid;
}

// No value when the certificate has no such extension.
absl::StatusOr<std::optional<std::string>> ExtensionSid(const X509& certificate) {
  const ObjectPtr oid = Oid(kSidExtensionOid);
  const int at = X509_get_ext_by_OBJ(&certificate, oid.get(), -1);
  if (at < 0) return std::optional<std::string>();
  if (X509_get_ext_by_OBJ(&certificate, oid.get(), at) >= 0) {
    return Malformed("the certificate has two SID extensions");
  }
  auto sid = SidOfExtension(X509_EXTENSION_get_data(X509_get_ext(&certificate, at)));
  if (!sid.ok()) return sid.status();
  return std::optional<std::string>(*std::move(sid));
}

std::vector<std::string> UriSids(const X509& certificate) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> sids;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const std::string uri = TextOf(name->d.uniformResourceIdentifier);
    if (uri.starts_with(kSidUriPrefix)) sids.push_back(uri.substr(kSidUriPrefix.size()));
  }
  return sids;
}

// The DER of the extension's value.
std::string SidExtensionValue(const std::string& sid) {
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  GENERAL_NAME* name = GENERAL_NAME_new();
  sk_GENERAL_NAME_push(names.get(), name);
  ASN1_TYPE* value = ASN1_TYPE_new();
  ASN1_TYPE_set(value, V_ASN1_OCTET_STRING, ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(value->value.octet_string,
                        reinterpret_cast<const unsigned char*>(sid.data()),
                        static_cast<int>(sid.size()));
  GENERAL_NAME_set0_othername(name, Oid(kSidNameOid).release(), value);
  std::string der(static_cast<size_t>(i2d_GENERAL_NAMES(names.get(), nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_GENERAL_NAMES(names.get(), &at);
  return der;
}

}  // namespace

absl::StatusOr<X509Ptr> ParseCertificate(const std::string& pem) {
  X509Ptr certificate(PEM_read_bio_X509(Memory(pem).get(), nullptr, NoPassphrase, nullptr));
  if (certificate == nullptr) return Malformed("no PEM certificate in it");
  return certificate;
}

absl::StatusOr<KeyPtr> ParsePrivateKey(const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(Memory(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Malformed("no unencrypted PEM private key in it");
  return key;
}

absl::StatusOr<std::string> CertificateSid(const X509& certificate) {
  auto extension = ExtensionSid(certificate);
  if (!extension.ok()) return extension.status();
  std::optional<std::string> sid = *std::move(extension);
  for (const std::string& uri_sid : UriSids(certificate)) {
    if (!IsCanonicalSid(uri_sid)) return Malformed("the certificate's SID URI is malformed");
    if (sid && *sid != uri_sid) return Malformed("the certificate has two SIDs that differ");
    sid = uri_sid;
  }
  if (!sid) {
    return Malformed("the certificate has no SID: it needs the extension " +
                     std::string(kSidExtensionOid) +
                     " (bitsctl pki issue makes such certificates)");
  }
  return *sid;
}

absl::StatusOr<ExtensionPtr> MakeSidExtension(const std::string& sid) {
  const std::string der = SidExtensionValue(sid);
  const OctetStringPtr value(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                        static_cast<int>(der.size()));
  ExtensionPtr extension(X509_EXTENSION_create_by_OBJ(nullptr, Oid(kSidExtensionOid).get(),
                                                      /*crit=*/0, value.get()));
  if (extension == nullptr) return OpenSslError("SID extension");
  return extension;
}

absl::StatusOr<std::chrono::system_clock::time_point> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Malformed("the certificate's time is malformed");
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace bits
