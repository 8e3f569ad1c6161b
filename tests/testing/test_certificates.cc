#include "tests/testing/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "server/identity/sid_extension.h"

namespace bitsd::tests {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, OpensslFree<ASN1_OCTET_STRING_free>>;

void Require(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "test certificates: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

void SetName(X509& certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(&certificate);
  Require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                     0) == 1,
          "subject");
}

void AddExtension(X509& certificate, int nid, const std::string& value) {
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  Require(extension != nullptr, value.c_str());
  Require(X509_add_ext(&certificate, extension.get(), -1) == 1, "add extension");
}

void AddRawExtension(X509& certificate, const std::string& oid, const std::string& contents) {
  const Asn1ObjectPtr object(OBJ_txt2obj(oid.c_str(), 1));
  const OctetsPtr octets(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(octets.get(), reinterpret_cast<const unsigned char*>(contents.data()),
                        static_cast<int>(contents.size()));
  const ExtensionPtr extension(
      X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, octets.get()));
  Require(extension != nullptr, oid.c_str());
  Require(X509_add_ext(&certificate, extension.get(), -1) == 1, "add raw extension");
}

void AddUris(X509& certificate, const std::vector<std::string>& uris) {
  if (uris.empty()) return;
  constexpr unsigned char kSequence = 0x30;
  constexpr unsigned char kUri = 0x86;
  std::string names;
  for (const std::string& uri : uris) names += Der(kUri, uri);
  AddRawExtension(certificate, "2.5.29.17", Der(kSequence, names));
}

void AddExtensions(X509& certificate, const CertificateSpec& spec) {
  if (spec.version1) return;
  if (spec.uris_first) AddUris(certificate, spec.uris);
  AddExtension(certificate, NID_basic_constraints, spec.ca ? "critical,CA:TRUE" : "CA:FALSE");
  if (!spec.key_usage.empty()) AddExtension(certificate, NID_key_usage, spec.key_usage);
  if (!spec.extended_key_usage.empty()) {
    AddExtension(certificate, NID_ext_key_usage, spec.extended_key_usage);
  }
  if (!spec.uris_first) AddUris(certificate, spec.uris);
  for (const auto& [oid, contents] : spec.raw_extensions) {
    AddRawExtension(certificate, oid, contents);
  }
}

void SetValidity(X509& certificate, const CertificateSpec& spec) {
  ASN1_TIME_set(X509_getm_notBefore(&certificate), absl::ToTimeT(spec.not_before));
  ASN1_TIME_set(X509_getm_notAfter(&certificate), absl::ToTimeT(spec.not_after));
}

}  // namespace

std::string TestCertificate::Pem() const {
  const BioPtr output(BIO_new(BIO_s_mem()));
  Require(PEM_write_bio_X509(output.get(), x509.get()) == 1, "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(output.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string TestCertificate::FingerprintHex() const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  Require(X509_digest(x509.get(), EVP_sha256(), digest, &size) == 1, "digest");
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

TestCertificate IssueCertificate(const CertificateSpec& spec, const TestCertificate* issuer) {
  static std::atomic<long> serial = 1;
  TestCertificate made{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  Require(made.x509 != nullptr && made.key != nullptr, "key");
  X509& certificate = *made.x509;
  X509_set_version(&certificate, spec.version1 ? 0 : 2);
  ASN1_INTEGER_set(X509_get_serialNumber(&certificate), serial++);
  SetName(certificate, spec.name);
  SetValidity(certificate, spec);
  const TestCertificate& signer = issuer != nullptr ? *issuer : made;
  X509_set_issuer_name(&certificate, X509_get_subject_name(signer.x509.get()));
  X509_set_pubkey(&certificate, made.key.get());
  AddExtensions(certificate, spec);
  Require(X509_sign(&certificate, signer.key.get(), EVP_sha256()) != 0, "sign");
  return made;
}

TestCertificate MakeRoot(const std::string& name) {
  CertificateSpec spec;
  spec.name = name;
  spec.ca = true;
  spec.extended_key_usage = "";
  spec.key_usage = "keyCertSign,cRLSign";
  return IssueCertificate(spec, nullptr);
}

std::string Der(unsigned char tag, std::string_view contents) {
  std::string der(1, static_cast<char>(tag));
  const size_t size = contents.size();
  if (size >= 0x100) {
    der += '\x82';
    der += static_cast<char>(size >> 8);
  } else if (size >= 0x80) {
    der += '\x81';
  }
  der += static_cast<char>(size & 0xFF);
  der += contents;
  return der;
}

std::string SidExtensionDer(std::string_view text) {
  const std::string oid = Der(0x06, "\x2B\x06\x01\x04\x01\x82\x37\x19\x02\x01");
  return Der(0x30, Der(0xA0, oid + Der(0xA0, Der(0x04, text))));
}

CertificateSpec SpecWithSid(std::string_view sid) {
  CertificateSpec spec;
  spec.raw_extensions.emplace_back(kSidExtensionOid, SidExtensionDer(sid));
  return spec;
}

std::string SidUri(std::string_view sid) { return std::string(kSidUriPrefix) + std::string(sid); }

}  // namespace bitsd::tests
