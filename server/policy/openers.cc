#include "server/policy/openers.h"

#include <optional>
#include <string>

#include "server/error/errors.h"
#include "server/policy/job_facts.h"

namespace bitsd::policy {
namespace {

/// The flag that gives `resource` to the helper; 0: it is the owner's, always.
uint32_t FlagFor(Resource resource) {
  switch (resource) {
    case Resource::kLocalFile: return kTokenLocalFile;
    case Resource::kNetwork: return kTokenNetwork;
    case Resource::kEverythingElse: break;
  }
  return 0;
}

absl::Status NoIdentity(const char* message) {
  return error::AccessDenied(Rule::kFilteredTokenHasNoIdentity, message);
}

bool ActsAsFiltered(const Account& account, bool elevated) {
  return account.IsAdministrator() && !elevated;
}

/// The side of `account` that opens for its job; unset when the account has no such side.
const std::optional<PosixIdentity>& OwnerPosix(const Account& account, bool elevated) {
  return ActsAsFiltered(account, elevated) ? account.filtered : account.posix;
}

}  // namespace

absl::StatusOr<Side> SideFor(Resource resource, uint32_t token_flags, bool has_token) {
  if ((token_flags & FlagFor(resource)) == 0) return Side::kOwner;
  if (has_token) return Side::kHelper;
  return error::TokenRequired(
      "the job's flags give this to a helper token and the job has none: call SetHelperToken, or "
      "SetHelperTokenFlags(0), then Resume");
}

absl::Status OwnerStanding(const Account* account, bool elevated) {
  if (account == nullptr || account->disabled) {
    return error::AccessDenied(
        Rule::kOwnerUnknown, "the job's owner is not in the account directory, or disabled there");
  }
  if (elevated && !account->IsAdministrator()) {
    return error::AccessDenied(Rule::kOwnerNotAdministrator,
                               "the job is elevated and its owner is no longer an administrator: "
                               "cancel it and create it anew");
  }
  return absl::OkStatus();
}

absl::StatusOr<ActingIdentity> OwnerIdentity(const Account* account, bool elevated) {
  if (absl::Status status = OwnerStanding(account, elevated); !status.ok()) return status;
  const std::optional<PosixIdentity>& posix = OwnerPosix(*account, elevated);
  if (!posix) {
    return NoIdentity(
        "the job's owner has no POSIX identity for this job: an administrator's job that is not "
        "elevated needs a `filtered:` entry in the account directory, any other a uid and gid");
  }
  return ActingIdentity{account->sid, *posix, account->umask, /*is_helper=*/false};
}

const NetworkCredentials& OwnerNetwork(const Account& account, bool elevated) {
  return ActsAsFiltered(account, elevated) ? account.filtered_network : account.network;
}

absl::StatusOr<ActingIdentity> HelperIdentity(const AccessToken& token) {
  if (!token.posix) return NoIdentity("the helper token has no POSIX identity: it opens nothing");
  return ActingIdentity{token.user, *token.posix, token.umask, /*is_helper=*/true};
}

bool ActAlike(const AccessToken& a, const AccessToken& b) {
  // A filtered token sends other network credentials, even where the POSIX side is the same.
  return a.user == b.user && a.filtered == b.filtered && a.posix.has_value() &&
         a.posix == b.posix && a.network == b.network;
}

}  // namespace bitsd::policy
