// A server's side of Negotiate: says who a token is of, by the key of HTTP/localhost.
//
// Thread safety: one thread at a time. Ownership: its credential.

#ifndef BITSD_TESTS_TESTING_SERVERS_GSS_ACCEPTOR_H_
#define BITSD_TESTS_TESTING_SERVERS_GSS_ACCEPTOR_H_

#include <gssapi/gssapi.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace bitsd::tests {

class GssAcceptor {
 public:
  /// `replay_cache` is a file that it makes: a token is accepted once.
  static absl::StatusOr<std::unique_ptr<GssAcceptor>> Create(const std::string& keytab,
                                                             const std::string& replay_cache);
  ~GssAcceptor();
  GssAcceptor(const GssAcceptor&) = delete;
  GssAcceptor& operator=(const GssAcceptor&) = delete;

  /// The principal, such as alice@TEST.LOCAL, of a token in base64.
  absl::StatusOr<std::string> Accept(const std::string& token) const;

 private:
  GssAcceptor() = default;

  gss_cred_id_t credential_ = GSS_C_NO_CREDENTIAL;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_GSS_ACCEPTOR_H_
