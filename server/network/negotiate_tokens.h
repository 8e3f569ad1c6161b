// First tokens of Negotiate, made of tickets: SPNEGO with Kerberos and nothing else.
//
// Each is for one request. No delegation, no mutual authentication: TLS says who the server is.
// Thread safety: none. Ownership: the names and the credential it made; context and tickets must
// outlive it.

#ifndef BITSD_SERVER_NETWORK_NEGOTIATE_TOKENS_H_
#define BITSD_SERVER_NETWORK_NEGOTIATE_TOKENS_H_

#include <gssapi/gssapi.h>
#include <krb5.h>

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/network/tickets.h"

namespace bitsd::network {

class NegotiateTokens {
 public:
  NegotiateTokens(krb5_context context, const Tickets& tickets)
      : context_(context), tickets_(tickets) {}
  ~NegotiateTokens() { Forget(); }
  NegotiateTokens(const NegotiateTokens&) = delete;
  NegotiateTokens& operator=(const NegotiateTokens&) = delete;

  /// In base64, for HTTP@`host`. Asks a KDC where there is no ticket for the service yet.
  absl::StatusOr<Secret> Make(const std::string& host);

 private:
  struct Service {
    gss_name_t name = GSS_C_NO_NAME;
    int64_t until = 0;  ///< The end of its ticket.
  };

  void Forget();
  void ForgetServices();
  absl::Status UseTickets();
  absl::StatusOr<gss_name_t> ServiceFor(const std::string& host);
  absl::Status GetTicket(const std::string& host, Service& service) const;

  krb5_context context_;
  const Tickets& tickets_;
  uint64_t generation_ = 0;  ///< Of the tickets that credential_ is.
  gss_cred_id_t credential_ = GSS_C_NO_CREDENTIAL;
  std::map<std::string, Service> services_;
};

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_NEGOTIATE_TOKENS_H_
