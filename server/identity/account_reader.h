// One entry of the account directory's file: from YAML to an Account, and the rules it must keep.
//
// Thread safety: pure functions but for lookups of user and group names.

#ifndef BITSD_SERVER_IDENTITY_ACCOUNT_READER_H_
#define BITSD_SERVER_IDENTITY_ACCOUNT_READER_H_

#include <sys/types.h>

#include <optional>
#include <vector>

#include "server/base/strict_yaml.h"
#include "server/identity/account_directory.h"

namespace bitsd {

/// Reads an account; reports what is malformed to `errors`.
std::optional<Account> ReadAccount(const yaml::TreeNode& node, yaml::Errors& errors);

/// Reports when `account` breaks the administrator rule (file_directory.h).
void CheckAdministratorRule(const Account& account, const std::vector<gid_t>& privileged_groups,
                            const yaml::TreeNode& node, yaml::Errors& errors);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_ACCOUNT_READER_H_
