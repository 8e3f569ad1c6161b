#include "server/broker/files/pem_file.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----";
constexpr std::array<std::string_view, 8> kLabels = {
    "CERTIFICATE",           "TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY",     "EC PRIVATE KEY",   "DSA PRIVATE KEY"};

bool BeginsOne(std::string_view line) {
  if (line.substr(0, kBegin.size()) != kBegin) return false;
  line.remove_prefix(kBegin.size());
  return std::any_of(kLabels.begin(), kLabels.end(), [line](std::string_view label) {
    return line.substr(0, label.size()) == label && line.substr(label.size(), kEnd.size()) == kEnd;
  });
}

absl::Status TooLarge(const std::string& path) {
  return error::InvalidArgument("\"" + path +
                                "\" is larger than a certificate or key may be, 1 MiB");
}

absl::Status NotPem(const std::string& path) {
  return error::InvalidArgument("\"" + path +
                                "\" holds no certificate and no private key in PEM: convert it "
                                "(openssl x509, openssl pkey)");
}

}  // namespace

bool HoldsCertificateOrKey(std::string_view text) {
  while (!text.empty()) {
    if (BeginsOne(text)) return true;
    const size_t line_end = text.find('\n');
    text = line_end == std::string_view::npos ? std::string_view() : text.substr(line_end + 1);
  }
  return false;
}

absl::StatusOr<Secret> ReadPemFile(const UniqueFd& fd, const std::string& path) {
  std::string text(kMaxPemFile + 1, '\0');
  size_t size = 0;
  ssize_t count = 1;
  while (count > 0 && size < text.size()) {
    count = ::pread(fd.get(), text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (count > 0) size += static_cast<size_t>(count);
    if (count < 0 && errno == EINTR) count = 1;
  }
  const Secret content(std::string_view(text).substr(0, size));
  explicit_bzero(text.data(), text.size());
  if (count < 0) return error::Unavailable("\"" + path + "\" could not be read");
  if (size > kMaxPemFile) return TooLarge(path);
  if (!HoldsCertificateOrKey(content.view())) return NotPem(path);
  return content;
}

}  // namespace bitsd
