// Who a caller is: an immutable snapshot of one identity, as policy judges it.
//
// What policy judged is exactly what the file broker is handed. Thread safety: values; share a
// token as std::shared_ptr<const AccessToken>. Ownership: a token owns all it names.

#ifndef BITSD_SERVER_IDENTITY_ACCESS_TOKEN_H_
#define BITSD_SERVER_IDENTITY_ACCESS_TOKEN_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/base/end_signal.h"
#include "server/identity/network_credentials.h"
#include "server/identity/sid.h"

namespace bitsd {

/// As the COM proxy blanket: what a caller lets the service do with its identity.
enum class ImpersonationLevel { kAnonymous, kIdentify, kImpersonate, kDelegate };

/// Group attributes, with the values of TOKEN_GROUPS.
inline constexpr uint32_t kGroupEnabled = 0x4;
inline constexpr uint32_t kGroupUseForDenyOnly = 0x10;

struct SidGroup {
  Sid sid;
  uint32_t attributes = kGroupEnabled;

  friend bool operator==(const SidGroup&, const SidGroup&) = default;
};

/// What the kernel knows an identity as.
struct PosixIdentity {
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
  std::vector<gid_t> groups;  ///< Supplementary groups, sorted, without duplicates, without `gid`.

  friend bool operator==(const PosixIdentity&, const PosixIdentity&) = default;
};

/// The identity a local file is opened as: what the broker is asked for.
struct ActingIdentity {
  Sid sid;
  PosixIdentity posix;
  mode_t umask = 022;
  bool is_helper = false;  ///< For the audit log: the helper's side, not the owner's.

  friend bool operator==(const ActingIdentity&, const ActingIdentity&) = default;
};

struct AccessToken {
  Sid user;
  std::string account_name;
  std::vector<SidGroup> groups;
  /// Unset: a filtered token of an account without a `filtered:` identity. It may open nothing.
  std::optional<PosixIdentity> posix;
  mode_t umask = 022;
  /// What it may show to servers and proxies; nothing where it may open nothing.
  NetworkCredentials network;
  ImpersonationLevel level = ImpersonationLevel::kImpersonate;
  bool filtered = false;
  bool service = false;  ///< Always logged on.
  absl::Time certificate_not_after;
  /// Ends when the certificate that made the token is revoked. Null: it is never.
  std::shared_ptr<EndSignal> certificate;

  /// S-1-5-32-544 is present and ENABLED (and not deny-only).
  bool IsEnabledAdministrator() const;
};

/// True when `groups` has S-1-5-32-544 ENABLED and not USE_FOR_DENY_ONLY.
bool HasEnabledAdministrators(const std::vector<SidGroup>& groups);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_ACCESS_TOKEN_H_
