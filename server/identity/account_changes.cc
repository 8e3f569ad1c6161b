#include "server/identity/account_changes.h"

#include <algorithm>

namespace bitsd {

std::string_view NameOf(AccountChange change) {
  switch (change) {
    case AccountChange::kRemoved: return "account_removed";
    case AccountChange::kDisabled: return "account_disabled";
    case AccountChange::kGroups: return "groups_changed";
    case AccountChange::kPosix: return "posix_identity_changed";
    case AccountChange::kNetwork: return "network_credentials_changed";
    case AccountChange::kCertificates: return "certificates_changed";
    case AccountChange::kLevel: return "impersonation_level_changed";
    case AccountChange::kService: return "service_changed";
  }
  return "";
}

std::optional<AccountChange> WhatChanged(const Account& before, const Account* after) {
  if (after == nullptr) return AccountChange::kRemoved;
  if (after->disabled && !before.disabled) return AccountChange::kDisabled;
  if (after->groups != before.groups) return AccountChange::kGroups;
  const bool same_posix = after->posix == before.posix && after->filtered == before.filtered &&
                          after->umask == before.umask;
  if (!same_posix) return AccountChange::kPosix;
  const bool same_network =
      after->network == before.network && after->filtered_network == before.filtered_network;
  if (!same_network) return AccountChange::kNetwork;
  if (after->certificates != before.certificates) return AccountChange::kCertificates;
  if (after->max_level != before.max_level) return AccountChange::kLevel;
  if (after->service != before.service) return AccountChange::kService;
  return std::nullopt;
}

std::vector<ChangedAccount> ChangedAccounts(const FileAccountDirectory& before,
                                            const FileAccountDirectory& after) {
  std::vector<ChangedAccount> changed;
  for (const auto& [sid, account] : before.accounts()) {
    if (const auto change = WhatChanged(*account, after.Find(sid).get())) {
      changed.push_back({sid, *change});
    }
  }
  std::sort(changed.begin(), changed.end(),
            [](const ChangedAccount& a, const ChangedAccount& b) { return a.sid < b.sid; });
  return changed;
}

}  // namespace bitsd
