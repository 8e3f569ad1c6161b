// One identity on the network: answers the challenges of servers and proxies with credentials that
// are not in this process. Interfaces, so that the job layer links no Kerberos.
//
// Thread safety: every method from any thread, none blocks; callbacks run on other threads, once,
// never inside the call, and must not block. Ownership: shared by the jobs that act as the
// identity; what it holds is gone once the last of them has let go.

#ifndef BITSD_SERVER_IDENTITY_NETWORK_IDENTITY_H_
#define BITSD_SERVER_IDENTITY_NETWORK_IDENTITY_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/identity/network_credentials.h"
#include "server/identity/sid.h"

namespace bitsd {

struct NtlmLogin {
  std::string user;  ///< With the domain, if there is one: DOMAIN\user.
  Secret password;
};

class NetworkIdentity {
 public:
  virtual ~NetworkIdentity() = default;

  virtual bool has_kerberos() const = 0;
  virtual bool has_ntlm() const = 0;

  /// A first token of Negotiate (Kerberos alone) for the service HTTP@`host`, in base64: good for
  /// one request. An error says whether it is worth trying again: kUnavailable (no KDC answers) and
  /// kDeadlineExceeded are; BG_E_TOKEN_REQUIRED (the tickets have ended) waits for new ones.
  virtual void Negotiate(std::string host,
                         std::function<void(absl::StatusOr<std::string>)> done) = 0;

  virtual void Ntlm(std::function<void(absl::StatusOr<NtlmLogin>)> done) = 0;
};
using NetworkIdentityPtr = std::shared_ptr<NetworkIdentity>;

class NetworkIdentities {
 public:
  virtual ~NetworkIdentities() = default;

  /// The identity that `user` shows with what the account directory gives it; null when that is
  /// nothing. The same credentials are the same identity.
  virtual NetworkIdentityPtr Of(const Sid& user, const NetworkCredentials& credentials) = 0;

  /// Credentials that came with a call: a Kerberos credential cache (format of MIT's files), whose
  /// principal `done` gets, too. They are parsed outside of this process and held in memory alone.
  /// E_INVALIDARG: they are none, or have ended.
  struct Delegated {
    NetworkIdentityPtr identity;
    std::string principal;
  };
  virtual void Take(const Sid& user, Secret credential_cache,
                    std::function<void(absl::StatusOr<Delegated>)> done) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_NETWORK_IDENTITY_H_
