// The rules that can refuse, by the names that clients, logs and docs/semantics.md use.
//
// Thread safety: constants.

#ifndef BITSD_SERVER_ERROR_RULES_H_
#define BITSD_SERVER_ERROR_RULES_H_

#include <string_view>

namespace bitsd {

enum class Rule {
  // Who a caller is (UNAUTHENTICATED).
  kCertificateRefused,      ///< Unreadable, a CA, no clientAuth, no SID, or more than one.
  kCertificateNotValidNow,  ///< Expired or not yet valid.
  kCertificateNotPinned,    ///< S-1-5-18, -19, -20 from a certificate its account does not list.
  kCertificateRevoked,
  kRevocationUnknown,  ///< No revocation list in force says anything of its issuer.
  kUnknownAccount,     ///< The account directory does not hold the SID.
  kAccountDisabled,

  // Who may open a job.
  kJobAccess,     ///< Neither the owner nor an enabled administrator.
  kElevatedJob,   ///< The owner of an elevated job, without enabled administrators.
  kSystemJob,     ///< A job of LocalSystem, for another administrator.
  kAllUsers,      ///< all_users without enabled administrators.
  kOwnerOnly,     ///< Credentials and client certificate, for an administrator.
  kMethodDenied,  ///< The method's policy row does not admit the caller.

  // Logon sessions.
  kSessionOfAnother,

  // Handles.
  kHandleBoundToAnother,
  kHandleReleaseByAnother,
  kHelperCannotChangeFlags,  ///< A bound helper called SetHelperTokenFlags.

  // Helper tokens.
  kHandleNotOwnerNorAdministrator,
  kAdminTokenOnUnelevatedJob,
  kAdminTokenNeedsAdministrator,
  kAdministratorOwnedJobRequired,  ///< Policy windows7.
  kFilteredTokenHasNoIdentity,
  kImpersonationLevel,  ///< SetHelperToken below impersonate.
  kTokenEnded,
  kForeignPrincipal,  ///< Delegated credentials of a principal that is not the lender's.
  kTokenScope,        ///< Outside of what the lender lent the token for.
  kOwnerLoggedOff,    ///< SetHelperToken on a job whose owner has no session.
  kStaleRevision,     ///< UpdateJob with another expected_revision.
  kJobSetAside,       ///< The store's record of the job cannot be read.
  kAnswersUnread,     ///< Too much waits for the caller to read it.

  kServiceStopping,  ///< UNAVAILABLE: bitsd ends.

  // What a job may open.
  kAddressDenied,
  kUrlDenied,
  kRedirectDenied,
  kPathProtected,
  kPathOutsideRoots,
  kPathIsLink,
  kPathNotRegular,
  kPseudoFileSystem,
  kFileReplaced,
  kUnknownIdentity,  ///< The broker's own directory does not hold the identity.
  kRootDenied,
  kServiceIdentityDenied,
  kIdentitySwitchingUnavailable,
  kOwnerNotAdministrator,  ///< An elevated job whose owner is no longer an administrator.
  kOwnerUnknown,           ///< The owner is no longer in the account directory, or disabled.
  kNotPermitted,           ///< The kernel refused the acting identity.
  kCreatedByAnother,       ///< The same, of a file that another identity created for the job.

  // What a job may show to servers and proxies that ask who it is.
  kCredentialsMissing,          ///< None for what was asked.
  kCredentialsRefused,          ///< They were shown, and asked for again.
  kCredentialsForAnotherHost,   ///< A redirect led away from the job's host.
  kImplicitNotListed,           ///< Implicit ones, and no list of the service has the place.
  kImplicitWeakenedTls,         ///< Implicit ones, and the job's flags weaken TLS.
  kIdentityHasNoCredentials,    ///< The acting identity, of the kind that was asked for.
  kNetworkCredentialsUnusable,  ///< The acting identity's: unreadable, unknown to the KDC, ...
  kKerberosServerUnknown,       ///< The KDC does not know HTTP@host.
};

/// "handle_bound_to_another" for kHandleBoundToAnother.
std::string_view RuleName(Rule rule);

}  // namespace bitsd

#endif  // BITSD_SERVER_ERROR_RULES_H_
