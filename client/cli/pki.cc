#include "client/cli/pki.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "client/base/private_file.h"
#include "client/identity/certificate.h"
#include "client/identity/sid_text.h"

namespace bits::cli {
namespace {

constexpr int kRootDays = 3650;
constexpr int kServerDays = 825;
constexpr int kClockSkewSeconds = 5 * 60;
constexpr int kX509V3 = 2;  // The field counts from 0.
constexpr size_t kMaxNameLength = 64;

using Extensions = std::vector<std::pair<int, const char*>>;

const Extensions kRootExtensions{{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                 {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                 {NID_subject_key_identifier, "hash"}};
const Extensions kServerExtensions{{NID_basic_constraints, "critical,CA:FALSE"},
                                   {NID_key_usage, "critical,digitalSignature"},
                                   {NID_ext_key_usage, "serverAuth"},
                                   {NID_subject_key_identifier, "hash"},
                                   {NID_authority_key_identifier, "keyid:always"},
                                   {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"}};
const Extensions kClientExtensions{{NID_basic_constraints, "critical,CA:FALSE"},
                                   {NID_key_usage, "critical,digitalSignature"},
                                   {NID_ext_key_usage, "clientAuth"},
                                   {NID_subject_key_identifier, "hash"},
                                   {NID_authority_key_identifier, "keyid:always"}};

struct Pair {
  X509Ptr certificate;
  KeyPtr key;
};

std::string PathOf(const std::string& directory, const std::string& name, const char* suffix) {
  return directory + "/" + name + suffix;
}

std::string Drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

std::string CertificatePem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return Drain(bio.get());
}

std::string KeyPem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return Drain(bio.get());
}

bool SetRandomSerial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);  // Positive, never short.
  const OpenSslPtr<BIGNUM, BN_free> number(BN_bin2bn(bytes, sizeof(bytes), nullptr));
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetName(X509* certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                    MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool SetValidity(X509* certificate, int days, const X509* issuer) {
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kClockSkewSeconds);
  X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, nullptr);
  if (issuer == nullptr) return true;
  const ASN1_TIME* end = X509_get0_notAfter(issuer);
  if (ASN1_TIME_compare(X509_get0_notAfter(certificate), end) <= 0) return true;
  return X509_set1_notAfter(certificate, end) == 1;
}

bool AddExtensions(X509* certificate, X509* issuer, const Extensions& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : extensions) {
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) return false;
  }
  return true;
}

// A new key with an unsigned certificate; the issuer is nullptr for a root.
absl::StatusOr<Pair> Draft(const std::string& common_name, int days, const Extensions& extensions,
                           X509* issuer) {
  Pair pair{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  X509* certificate = pair.certificate.get();
  const bool made = pair.key != nullptr && X509_set_version(certificate, kX509V3) == 1 &&
                    SetRandomSerial(certificate) && SetName(certificate, common_name) &&
                    SetValidity(certificate, days, issuer) &&
                    X509_set_pubkey(certificate, pair.key.get()) == 1;
  if (!made) return OpenSslError("certificate for " + common_name);
  X509* const signer = issuer == nullptr ? certificate : issuer;
  if (X509_set_issuer_name(certificate, X509_get_subject_name(signer)) != 1 ||
      !AddExtensions(certificate, signer, extensions)) {
    return OpenSslError("certificate for " + common_name);
  }
  return pair;
}

absl::Status Sign(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, EVP_sha256()) > 0) return absl::OkStatus();
  return OpenSslError("signing");
}

// The key first: a certificate is there only when its key is.
absl::Status WritePair(const std::string& directory, const std::string& name, const Pair& pair) {
  const std::string key_path = PathOf(directory, name, ".key");
  absl::Status status = WriteNewFile(key_path, KeyPem(pair.key.get()), 0600);
  if (!status.ok()) return status;
  status =
      WriteNewFile(PathOf(directory, name, ".crt"), CertificatePem(pair.certificate.get()), 0644);
  if (!status.ok()) unlink(key_path.c_str());
  return status;
}

absl::Status MakeDirectory(const std::string& directory) {
  if (mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::FailedPreconditionError(directory + ": " + strerror(errno));
}

absl::StatusOr<Pair> LoadRoot(const std::string& directory) {
  const auto certificate_pem = ReadFile(PathOf(directory, "ca", ".crt"));
  if (!certificate_pem.ok()) return certificate_pem.status();
  const auto key_pem = ReadSecretFile(PathOf(directory, "ca", ".key"));
  if (!key_pem.ok()) return key_pem.status();
  auto certificate = ParseCertificate(*certificate_pem);
  if (!certificate.ok()) return certificate.status();
  auto key = ParsePrivateKey(*key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError(directory + ": ca.key does not belong to ca.crt");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate->get())) <= 0) {
    return absl::FailedPreconditionError(directory + ": ca.crt has expired");
  }
  return Pair{*std::move(certificate), *std::move(key)};
}

// A plain file name: it can neither leave the directory nor hide in it.
bool IsPlainName(const std::string& name) {
  constexpr char kAllowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= kMaxNameLength && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of(kAllowed) == std::string::npos;
}

absl::Status CheckIssue(const std::string& name, const std::string& sid, int days) {
  if (!IsPlainName(name)) {
    return absl::InvalidArgumentError(
        "a name has 1 to 64 of the characters A-Z a-z 0-9 . _ - and begins with a letter or digit");
  }
  if (!IsCanonicalSid(sid)) {
    return absl::InvalidArgumentError("not a SID: write it as S-1-5-21-1-2-3-1001");
  }
  if (days < 1 || days > kMaxClientDays) {
    return absl::InvalidArgumentError("a certificate lives 1 to 3650 days");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InitPki(const std::string& directory) {
  if (absl::Status status = MakeDirectory(directory); !status.ok()) return status;
  const auto root = Draft("bitsd development root", kRootDays, kRootExtensions, nullptr);
  if (!root.ok()) return root.status();
  absl::Status status = Sign(root->certificate.get(), root->key.get());
  if (!status.ok()) return status;
  const auto server =
      Draft("bitsd development server", kServerDays, kServerExtensions, root->certificate.get());
  if (!server.ok()) return server.status();
  status = Sign(server->certificate.get(), root->key.get());
  if (status.ok()) status = WritePair(directory, "ca", *root);
  if (status.ok()) status = WritePair(directory, "server", *server);
  return status;
}

absl::Status IssueClient(const std::string& directory, const std::string& name,
                         const std::string& sid, int days) {
  if (absl::Status status = CheckIssue(name, sid, days); !status.ok()) return status;
  const auto root = LoadRoot(directory);
  if (!root.ok()) return root.status();
  const auto client = Draft(name, days, kClientExtensions, root->certificate.get());
  if (!client.ok()) return client.status();
  const auto extension = MakeSidExtension(sid);
  if (!extension.ok()) return extension.status();
  if (X509_add_ext(client->certificate.get(), extension->get(), -1) != 1) {
    return OpenSslError("SID extension");
  }
  absl::Status status = Sign(client->certificate.get(), root->key.get());
  return status.ok() ? WritePair(directory, name, *client) : status;
}

}  // namespace bits::cli
