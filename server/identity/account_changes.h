// What a new account directory takes away from whom: whose tokens and handles end.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_IDENTITY_ACCOUNT_CHANGES_H_
#define BITSD_SERVER_IDENTITY_ACCOUNT_CHANGES_H_

#include <optional>
#include <string_view>
#include <vector>

#include "server/identity/account_directory.h"
#include "server/identity/file_account_directory.h"

namespace bitsd {

/// In the order in which they are looked for: the first is the one reported.
enum class AccountChange {
  kRemoved,
  kDisabled,
  kGroups,        ///< SID groups or their attributes.
  kPosix,         ///< uid, gid, groups or umask, of the account or of its filtered side.
  kNetwork,       ///< Network credentials, of the account or of its filtered side.
  kCertificates,  ///< The certificates that may be a well-known service.
  kLevel,         ///< The cap on the impersonation level.
  kService,
};

/// "account_removed", ...: as the audit log has it.
std::string_view NameOf(AccountChange change);

/// What of `before` no longer holds in `after` (null: the account is gone). Nothing when tokens
/// made from `before` still say what is true: another name, or an account that is enabled again.
std::optional<AccountChange> WhatChanged(const Account& before, const Account* after);

struct ChangedAccount {
  Sid sid;
  AccountChange change;

  friend bool operator==(const ChangedAccount&, const ChangedAccount&) = default;
};

/// The accounts of `before` that changed, in the order of their SIDs.
std::vector<ChangedAccount> ChangedAccounts(const FileAccountDirectory& before,
                                            const FileAccountDirectory& after);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_ACCOUNT_CHANGES_H_
