#include "server/broker/identity_check.h"

#include <algorithm>
#include <string>

#include "server/broker/privileges.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr uid_t kNobodyAtAll = static_cast<uid_t>(-1);

/// `number` is the uid, the gid or a group.
bool Mentions(const PosixIdentity& posix, uint32_t number) {
  return posix.uid == number || posix.gid == number ||
         std::find(posix.groups.begin(), posix.groups.end(), number) != posix.groups.end();
}

}  // namespace

absl::Status IdentityCheck::Check(const wire::OpenWorkerRequest& request) const {
  if (absl::Status status = CheckNumbers(request.posix); !status.ok()) return status;
  if (absl::Status status = CheckService(request.posix); !status.ok()) return status;
  if (directory_->Holds(request.sid, request.posix)) return absl::OkStatus();
  return error::AccessDenied(
      Rule::kUnknownIdentity,
      "the broker's account directory does not map " + request.sid.ToString() + " to uid " +
          std::to_string(request.posix.uid) +
          " with these groups: correct it there, it is read again by itself");
}

absl::Status IdentityCheck::Check(const wire::OpenAgentRequest& request) const {
  const bool held = request.delegated()
                        ? directory_->MayDelegate(request.sid)
                        : directory_->HoldsCredentials(request.sid, request.kerberos, request.ntlm);
  if (held) return absl::OkStatus();
  return error::AccessDenied(
      Rule::kUnknownIdentity,
      "the broker's account directory does not give " + request.sid.ToString() +
          " these network credentials: correct it there, it is read again by itself");
}

absl::Status IdentityCheck::CheckNumbers(const PosixIdentity& posix) const {
  if (Mentions(posix, kNobodyAtAll)) {
    return error::AccessDenied(Rule::kUnknownIdentity, "-1 is no uid, gid or group");
  }
  if (Mentions(posix, 0) && !options_.allow_root) {
    return error::AccessDenied(
        Rule::kRootDenied,
        "bitsd opens nothing as uid 0, gid 0 or group 0 unless it is started with --allow-root");
  }
  return absl::OkStatus();
}

absl::Status IdentityCheck::CheckService(const PosixIdentity& posix) const {
  if (!options_.identity_switching && !privileges::HasIdentity(posix)) {
    return error::AccessDenied(
        Rule::kIdentitySwitchingUnavailable,
        "without CAP_SETUID and CAP_SETGID bitsd opens files only as itself, uid " +
            std::to_string(options_.service_uid) +
            " with exactly its own groups: start it with both capabilities");
  }
  if (options_.identity_switching && posix.uid == options_.service_uid) {
    return error::AccessDenied(
        Rule::kServiceIdentityDenied,
        "uid " + std::to_string(posix.uid) + " is bitsd's own: map the account to another");
  }
  return absl::OkStatus();
}

}  // namespace bitsd
