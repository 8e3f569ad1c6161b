#include "server/transfer/http/client_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "server/error/errors.h"

namespace bitsd {
namespace {

/// More than any chain has: a file is not an archive of certificates.
constexpr int kMaxChain = 16;

BioPtr Open(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Answers OpenSSL's question for a passphrase: there is nobody to ask.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

absl::Status ReadChain(std::string_view pem, ClientKeyPair& pair) {
  const BioPtr bio = Open(pem);
  pair.certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (pair.certificate == nullptr) {
    return error::InvalidArgument(
        "the client certificate's file holds no certificate in PEM: convert it (openssl x509)");
  }
  pair.chain.reset(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const int count = sk_X509_push(pair.chain.get(), next);
    if (count == 0) X509_free(next);
    if (count == 0 || count > kMaxChain) {
      return error::InvalidArgument("the client certificate's file holds too many certificates");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadKey(std::string_view pem, ClientKeyPair& pair) {
  bool asked = false;
  pair.key.reset(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, &NoPassphrase, &asked));
  if (asked) {
    return error::InvalidArgument(
        "the client certificate's key is protected by a passphrase, which nobody is there to give: "
        "store it without one (openssl pkey), readable by the owner alone");
  }
  if (pair.key != nullptr) return absl::OkStatus();
  return error::InvalidArgument(
      "the client certificate's key file holds no private key in PEM: convert it (openssl pkey)");
}

}  // namespace

absl::StatusOr<ClientKeyPairPtr> ParseClientKeyPair(std::string_view certificate_pem,
                                                    std::string_view key_pem) {
  auto pair = std::make_shared<ClientKeyPair>();
  absl::Status status = ReadChain(certificate_pem, *pair);
  if (status.ok()) status = ReadKey(key_pem, *pair);
  if (status.ok() && X509_check_private_key(pair->certificate.get(), pair->key.get()) != 1) {
    status = error::InvalidArgument("the client certificate and the key do not belong together");
  }
  ERR_clear_error();
  if (!status.ok()) return status;
  return pair;
}

}  // namespace bitsd
