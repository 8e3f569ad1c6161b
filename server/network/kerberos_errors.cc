#include "server/network/kerberos_errors.h"

#include <cerrno>

#include "server/error/errors.h"

namespace bitsd::network {

KerberosFailure ClassifyKerberosError(krb5_error_code code) {
  switch (code) {
    case KRB5_KDC_UNREACH:
    case KRB5_REALM_UNKNOWN:
    case KRB5_REALM_CANT_RESOLVE:
    case KRB5KDC_ERR_SVC_UNAVAILABLE:
    case KRB5KRB_ERR_GENERIC:
    case KRB5KRB_AP_ERR_SKEW:
    case KRB5_KDCREP_SKEW:
    case KRB5_EAI_FAIL:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENOMEM:
    case ETIMEDOUT: return KerberosFailure::kTryAgain;
    case KRB5KRB_AP_ERR_TKT_EXPIRED:
    case KRB5KDC_ERR_NEVER_VALID:
    case KRB5_CC_NOTFOUND: return KerberosFailure::kEnded;
    case KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN:
    case KRB5_ERR_HOST_REALM_UNKNOWN:
    case KRB5_ERR_BAD_HOSTNAME:
    case KRB5KDC_ERR_MUST_USE_USER2USER: return KerberosFailure::kServerUnknown;
    default: return KerberosFailure::kUnusable;
  }
}

absl::Status UnusableCredentials(const std::string& message) {
  return error::AccessDenied(Rule::kNetworkCredentialsUnusable, message);
}

absl::Status KerberosError(krb5_context context, krb5_error_code code, const std::string& doing) {
  const char* text = krb5_get_error_message(context, code);
  const std::string message = doing + ": " + text;
  krb5_free_error_message(context, text);
  switch (ClassifyKerberosError(code)) {
    case KerberosFailure::kTryAgain: return error::Unavailable(message);
    case KerberosFailure::kEnded: return error::TokenRequired(message);
    case KerberosFailure::kServerUnknown:
      return error::AccessDenied(Rule::kKerberosServerUnknown, message);
    case KerberosFailure::kUnusable: break;
  }
  return UnusableCredentials(message);
}

}  // namespace bitsd::network
