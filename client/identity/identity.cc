#include "bitsd/client/identity.h"

#include <utility>

#include "client/base/private_file.h"
#include "client/identity/certificate.h"

namespace bits {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

absl::Status Wrong(const std::string& what) { return absl::FailedPreconditionError(what); }

absl::Status CheckKey(const Identity& identity, const X509& certificate) {
  const auto key = ParsePrivateKey(identity.private_key);
  if (!key.ok())
    return Wrong("the private key cannot be used: " + std::string(key.status().message()));
  const bool match = X509_check_private_key(&certificate, key->get()) == 1;
  ERR_clear_error();
  return match ? absl::OkStatus() : Wrong("the private key does not belong to the certificate");
}

absl::Status CheckValidity(const X509& certificate, TimePoint now) {
  const auto begin = TimeOf(X509_get0_notBefore(&certificate));
  if (!begin.ok()) return begin.status();
  const auto end = TimeOf(X509_get0_notAfter(&certificate));
  if (!end.ok()) return end.status();
  if (now < *begin) return Wrong("the certificate is not valid yet: check the clock");
  if (now > *end) return Wrong("the certificate has expired: have a new one issued");
  return absl::OkStatus();
}

absl::StatusOr<X509Ptr> Leaf(const Identity& identity) {
  auto certificate = ParseCertificate(identity.certificate);
  if (certificate.ok()) return certificate;
  return Wrong("the certificate cannot be read: " + std::string(certificate.status().message()));
}

}  // namespace

absl::StatusOr<std::string> Identity::Sid() const {
  const auto leaf = Leaf(*this);
  if (!leaf.ok()) return leaf.status();
  return CertificateSid(**leaf);
}

absl::StatusOr<TimePoint> Identity::NotAfter() const {
  const auto leaf = Leaf(*this);
  if (!leaf.ok()) return leaf.status();
  return TimeOf(X509_get0_notAfter(leaf->get()));
}

absl::StatusOr<std::string> Identity::Subject() const {
  const auto leaf = Leaf(*this);
  if (!leaf.ok()) return leaf.status();
  const BioPtr text(BIO_new(BIO_s_mem()));
  // XN_FLAG_RFC2253 escapes control characters, so the line is safe to print.
  X509_NAME_print_ex(text.get(), X509_get_subject_name(leaf->get()), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::Status Identity::Check(TimePoint now) const {
  const auto leaf = Leaf(*this);
  if (!leaf.ok()) return leaf.status();
  if (absl::Status status = CheckKey(*this, **leaf); !status.ok()) return status;
  if (absl::Status status = CheckValidity(**leaf, now); !status.ok()) return status;
  if (const auto sid = CertificateSid(**leaf); !sid.ok()) return sid.status();
  if (!ParseCertificate(roots).ok()) return Wrong("the trusted roots hold no PEM certificate");
  return absl::OkStatus();
}

absl::StatusOr<Identity> LoadIdentity(const std::string& certificate_path,
                                      const std::string& key_path, const std::string& roots_path) {
  auto certificate = ReadFile(certificate_path);
  if (!certificate.ok()) return certificate.status();
  auto key = ReadFile(key_path);
  if (!key.ok()) return key.status();
  auto roots = ReadFile(roots_path);
  if (!roots.ok()) return roots.status();
  return Identity{*std::move(certificate), *std::move(key), *std::move(roots)};
}

}  // namespace bits
