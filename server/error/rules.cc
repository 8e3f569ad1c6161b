#include "server/error/rules.h"

namespace bitsd {

std::string_view RuleName(Rule rule) {
  switch (rule) {
    case Rule::kCertificateRefused: return "certificate_refused";
    case Rule::kCertificateNotValidNow: return "certificate_not_valid_now";
    case Rule::kCertificateNotPinned: return "certificate_not_pinned";
    case Rule::kCertificateRevoked: return "certificate_revoked";
    case Rule::kRevocationUnknown: return "revocation_unknown";
    case Rule::kUnknownAccount: return "unknown_account";
    case Rule::kAccountDisabled: return "account_disabled";
    case Rule::kJobAccess: return "job_access";
    case Rule::kElevatedJob: return "elevated_job";
    case Rule::kSystemJob: return "system_job";
    case Rule::kAllUsers: return "all_users";
    case Rule::kOwnerOnly: return "owner_only";
    case Rule::kMethodDenied: return "method_denied";
    case Rule::kSessionOfAnother: return "session_of_another";
    case Rule::kHandleBoundToAnother: return "handle_bound_to_another";
    case Rule::kHandleReleaseByAnother: return "handle_release_by_another";
    case Rule::kHelperCannotChangeFlags: return "helper_cannot_change_flags";
    case Rule::kHandleNotOwnerNorAdministrator: return "handle_not_owner_nor_administrator";
    case Rule::kAdminTokenOnUnelevatedJob: return "admin_token_on_unelevated_job";
    case Rule::kAdminTokenNeedsAdministrator: return "admin_token_needs_administrator";
    case Rule::kAdministratorOwnedJobRequired: return "administrator_owned_job_required";
    case Rule::kFilteredTokenHasNoIdentity: return "filtered_token_has_no_identity";
    case Rule::kImpersonationLevel: return "impersonation_level";
    case Rule::kTokenEnded: return "token_ended";
    case Rule::kForeignPrincipal: return "foreign_principal";
    case Rule::kTokenScope: return "token_scope";
    case Rule::kOwnerLoggedOff: return "owner_logged_off";
    case Rule::kStaleRevision: return "stale_revision";
    case Rule::kJobSetAside: return "job_set_aside";
    case Rule::kAnswersUnread: return "answers_unread";
    case Rule::kServiceStopping: return "service_stopping";
    case Rule::kAddressDenied: return "address_denied";
    case Rule::kUrlDenied: return "url_denied";
    case Rule::kRedirectDenied: return "redirect_denied";
    case Rule::kPathProtected: return "path_protected";
    case Rule::kPathOutsideRoots: return "path_outside_roots";
    case Rule::kPathIsLink: return "path_is_link";
    case Rule::kPathNotRegular: return "path_not_regular";
    case Rule::kPseudoFileSystem: return "pseudo_file_system";
    case Rule::kFileReplaced: return "file_replaced";
    case Rule::kUnknownIdentity: return "unknown_identity";
    case Rule::kRootDenied: return "root_denied";
    case Rule::kServiceIdentityDenied: return "service_identity_denied";
    case Rule::kIdentitySwitchingUnavailable: return "identity_switching_unavailable";
    case Rule::kOwnerNotAdministrator: return "owner_not_administrator";
    case Rule::kOwnerUnknown: return "owner_unknown";
    case Rule::kNotPermitted: return "not_permitted";
    case Rule::kCreatedByAnother: return "created_by_another";
    case Rule::kCredentialsMissing: return "credentials_missing";
    case Rule::kCredentialsRefused: return "credentials_refused";
    case Rule::kCredentialsForAnotherHost: return "credentials_for_another_host";
    case Rule::kImplicitNotListed: return "implicit_not_listed";
    case Rule::kImplicitWeakenedTls: return "implicit_weakened_tls";
    case Rule::kIdentityHasNoCredentials: return "identity_has_no_credentials";
    case Rule::kNetworkCredentialsUnusable: return "network_credentials_unusable";
    case Rule::kKerberosServerUnknown: return "kerberos_server_unknown";
  }
  return "unknown";
}

}  // namespace bitsd
