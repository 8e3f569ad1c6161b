// How the server at the other end of TLS is verified, and which certificate it is shown.
//
// Always: TLS 1.2 at least, and verified but for what the job's flags leave out. The flags are done
// one by one inside OpenSSL's verification, so that leaving one check out leaves no other out.
// Thread safety: the engine's thread only. Ownership: must outlive the handles it is set on.

#ifndef BITSD_SERVER_TRANSFER_HTTP_TLS_TRUST_H_
#define BITSD_SERVER_TRANSFER_HTTP_TLS_TRUST_H_

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "server/policy/network_rules.h"
#include "server/transfer/http/client_certificate.h"

namespace bitsd {

class TlsTrust {
 public:
  /// `rules` must outlive this. `flags` are the HTTP security flags of the job.
  TlsTrust(const policy::NetworkRules& rules, uint32_t flags, ClientKeyPairPtr certificate)
      : rules_(rules), flags_(flags), certificate_(std::move(certificate)) {}

  /// An error: `easy` cannot verify as it must, and is not to be used.
  CURLcode SetOn(CURL* easy, bool with_certificate);

  /// Whether a server asked for a client certificate in a handshake since ForgetAsked.
  bool certificate_asked() const { return *asked_; }
  void ForgetAsked() { *asked_ = false; }

 private:
  static CURLcode Prepare(CURL* easy, void* context, void* self);
  CURLcode PrepareContext(SSL_CTX* context) const;
  CURLcode AddRevocationLists(SSL_CTX* context) const;
  CURLcode NoteAsking(SSL_CTX* context) const;

  const policy::NetworkRules& rules_;
  uint32_t flags_;
  ClientKeyPairPtr certificate_;  ///< Null: none.
  bool show_certificate_ = false;
  std::shared_ptr<bool> asked_ = std::make_shared<bool>(false);  ///< Connections have it, too.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_TLS_TRUST_H_
