#include "server/policy/network_side.h"

#include "server/error/errors.h"
#include "server/policy/credential_rules.h"
#include "server/policy/job_facts.h"

namespace bitsd::policy {
namespace {

absl::Status Foreign() {
  return error::AccessDenied(
      Rule::kForeignPrincipal,
      "the delegated credentials are of a principal that the account directory does not list for "
      "you: send your own, or have it listed below network: delegated");
}

}  // namespace

absl::Status MayDelegate(const AccessToken& lender, size_t size) {
  if (lender.level != ImpersonationLevel::kDelegate) {
    return error::InvalidArgument(
        "delegated_credentials need bits-impersonation-level delegate, and an account that may");
  }
  if (size == 0 || size > kMaxDelegated) {
    return error::InvalidArgument("delegated_credentials.credential_cache has 1 byte to 64 KiB");
  }
  // Nobody looks into what can be of no listed principal.
  return lender.network.delegated.empty() ? Foreign() : absl::OkStatus();
}

absl::StatusOr<DelegatedPrincipal> CheckDelegatedPrincipal(const AccessToken& lender,
                                                           std::string_view principal) {
  for (const DelegatedPrincipal& listed : lender.network.delegated) {
    if (listed.name == principal) return listed;
  }
  return Foreign();
}

absl::Status CheckCertificateConflict(bool has_certificate, const Sid& owner,
                                      uint32_t token_flags) {
  const bool conflict =
      has_certificate && (token_flags & kTokenNetwork) != 0 && owner != kLocalSystemSid;
  if (!conflict) return absl::OkStatus();
  return error::ClientCertificateConflict(
      "the client certificate is the owner's and BG_TOKEN_NETWORK gives the network to a helper: "
      "clear the flag or remove the certificate, then Resume");
}

}  // namespace bitsd::policy
