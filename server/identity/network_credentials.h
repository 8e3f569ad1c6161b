// What an account has to show to servers and proxies that ask who it is: as the account directory
// names it. Files are named here, never their content.
//
// Thread safety: values.

#ifndef BITSD_SERVER_IDENTITY_NETWORK_CREDENTIALS_H_
#define BITSD_SERVER_IDENTITY_NETWORK_CREDENTIALS_H_

#include <optional>
#include <string>
#include <vector>

namespace bitsd {

/// One of the two files is named.
struct KerberosAccount {
  std::string principal;         ///< With its realm.
  std::string keytab;            ///< Tickets are got and renewed with it.
  std::string credential_cache;  ///< Kept fresh by somebody else.

  friend bool operator==(const KerberosAccount&, const KerberosAccount&) = default;
};

struct NtlmAccount {
  std::string domain;
  std::string user;
  std::string password_file;

  friend bool operator==(const NtlmAccount&, const NtlmAccount&) = default;
};

/// A Kerberos principal that this account may delegate credentials of.
struct DelegatedPrincipal {
  std::string name;
  bool administrator = false;  ///< Counts as the administrators' SID, enabled.

  friend bool operator==(const DelegatedPrincipal&, const DelegatedPrincipal&) = default;
};

struct NetworkCredentials {
  std::optional<KerberosAccount> kerberos;
  std::optional<NtlmAccount> ntlm;
  std::vector<DelegatedPrincipal> delegated;

  friend bool operator==(const NetworkCredentials&, const NetworkCredentials&) = default;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_NETWORK_CREDENTIALS_H_
