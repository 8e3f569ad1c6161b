// What a failure of Kerberos means to a job.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_NETWORK_KERBEROS_ERRORS_H_
#define BITSD_SERVER_NETWORK_KERBEROS_ERRORS_H_

#include <krb5.h>

#include <string>

#include "absl/status/status.h"

namespace bitsd::network {

enum class KerberosFailure {
  kTryAgain,       ///< No KDC answers, or not now.
  kEnded,          ///< The tickets have ended.
  kServerUnknown,  ///< The KDC does not know the service.
  kUnusable,       ///< The credentials do not do: until somebody changes them.
};

/// Unusable, unless it is known better.
KerberosFailure ClassifyKerberosError(krb5_error_code code);

/// "`doing`: what libkrb5 says", as kUnavailable; BG_E_TOKEN_REQUIRED; E_ACCESSDENIED with rule
/// kerberos_server_unknown or network_credentials_unusable.
absl::Status KerberosError(krb5_context context, krb5_error_code code, const std::string& doing);

/// The last of these, for a failure that libkrb5 did not see.
absl::Status UnusableCredentials(const std::string& message);

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_KERBEROS_ERRORS_H_
